"""Draws a picture on a coordinator, from Python: all it takes are the .proto files.

    pip install grpcio-tools
    python examples/client.py 127.0.0.1:50051 "red apple" apple.png
"""

import sys
from pathlib import Path

import grpc

# Wherever proto/ lies; here, beside this folder. Messages are compiled when they are imported.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "proto"))
messages, services = grpc.protos_and_services("asyncdiff/v1/coordinator.proto")


def main(address="127.0.0.1:50051", prompt="red apple", out="apple.png", steps="50"):
    options = [("grpc.max_receive_message_length", 64 * 1024 * 1024)]
    with grpc.insecure_channel(address, options) as channel:
        coordinator = services.CoordinatorStub(channel)
        request = messages.GenerateRequest(prompt=prompt, num_inference_steps=int(steps), seed=0)
        try:
            # Leaving the loop early, or the program, cancels the job.
            for event in coordinator.Generate(request):
                kind = event.WhichOneof("event")
                if kind == "progress":
                    print(f"step {event.progress.step} of {event.progress.steps}", file=sys.stderr)
                elif kind == "done":
                    Path(out).write_bytes(event.done.images[0])
                    print(f"{out}: {event.done.report.seconds:.2f} s")
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            print(f"[{trailers.get('asyncdiff-error-code', error.code().name)}] {error.details()}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
