"""Exports tiny models with export.py and records a call of each with diffusers in torch, for asyncdiff to be held against.

    python scripts/export/record.py DIR [aura-flow sana ...]
    ASYNCDIFF_RECORDINGS=DIR npx vitest run test/coordinator/pipeline/recordings.test.ts
    npm run check:pipelines -- --recordings DIR
"""

import inspect
import json
import pathlib
import sys

import numpy as np
import PIL.Image
import torch
from diffusers.schedulers import scheduling_dpmsolver_sde
from diffusers.utils import torch_utils

import export
from tiny_models import CASES

SEED = 42
PICTURES = {"mask_image": "mask"}
# Of the latents' size: what single precision leaves between ONNX Runtime and torch.
TOLERANCE = 1e-4


def watch_draws():
    """Notes every tensor of noise that a pipeline draws."""
    draws, real = [], torch_utils.randn_tensor

    def randn(*args, **kwargs):
        draws.append(real(*args, **kwargs))
        return draws[-1].clone()

    for module in list(sys.modules.values()):
        if getattr(module, "randn_tensor", None) is real:
            module.randn_tensor = randn

    def stop():
        for module in list(sys.modules.values()):
            if getattr(module, "randn_tensor", None) is randn:
                module.randn_tensor = real

    return draws, stop


def watch_brownian():
    """Notes what samplers ask of a Brownian tree."""
    noted, kind = [], scheduling_dpmsolver_sde.BrownianTreeNoiseSampler
    real = kind.__call__

    def asked(self, *args):
        noted.append(real(self, *args).clone())
        return noted[-1].clone()

    kind.__call__ = asked
    return noted, lambda: setattr(kind, "__call__", real)


def use_exported_encoder(vae, path):
    """The VAE's encoder in ONNX Runtime in torch's place: of a million pixels the two differ by 5e-4, and what follows is to be compared."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    vae.encoder.forward = lambda pixels: torch.from_numpy(session.run(None, {"sample": pixels.numpy()})[0])


def save(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.ascontiguousarray(np.asarray(values, dtype=np.float32)))


def record(name, folder):
    pipe, call, size = CASES[name]()
    out = pathlib.Path(folder) / name
    export.export(pipe, out / "model", size)
    if size.get("encoder") == "onnx":
        use_exported_encoder(pipe.vae, out / "model/vae_encoder/model.onnx")
    pipe.set_progress_bar_config(disable=True)
    latents, timesteps, final = [], [], {}
    step, predictors = pipe.scheduler.step, [export.predictor_of(pipe)[1]]
    if getattr(pipe, "transformer_2", None) is not None:
        predictors.append(pipe.transformer_2)

    def watched_step(prediction, timestep, sample, *args, **kwargs):
        latents.append(sample.clone())
        return step(prediction, timestep, sample, *args, **kwargs)

    def watched(forward):
        def watched_forward(*args, **kwargs):
            given = inspect.signature(forward).bind(*args, **kwargs).arguments
            timestep = given["timestep"] if "timestep" in given else given["t"]
            timesteps.append(torch.as_tensor(timestep).detach().float().reshape(-1).tolist())
            return forward(*args, **kwargs)

        return watched_forward

    pipe.scheduler.step = watched_step
    for predictor in predictors:
        predictor.forward = watched(predictor.forward)
    if "callback_on_step_end" in inspect.signature(pipe.__call__).parameters:
        watch = {"callback_on_step_end": lambda _pipe, _step, _time, given: final.update(latents=given["latents"].clone()) or {}}
    else:
        watch = {"callback": lambda _step, _time, given: final.update(latents=given.clone()), "callback_steps": 1}
    draws, stop = watch_draws()
    brownian, stop_brownian = watch_brownian()
    result = pipe(**call, generator=torch.Generator().manual_seed(SEED), output_type="np", **watch)
    stop()
    stop_brownian()
    if hasattr(result, "audios"):
        save(out / "expected/audio.npy", result.audios)
    else:
        save(out / "expected/image.npy", result.frames if hasattr(result, "frames") else result.images)
    for index, values in enumerate(brownian):
        save(out / f"inputs/sde_noise_{index:04d}.npy", values)
    save(out / "expected/final.npy", final["latents"])
    for index, values in enumerate(latents):
        save(out / f"expected/latents_{index:04d}.npy", values)
    (out / "inputs/predictor").mkdir(parents=True, exist_ok=True)
    for index, values in enumerate(draws):
        save(out / f"inputs/noise_{index:04d}.npy", values)
    plain = {}
    for key, value in call.items():
        if isinstance(value, list) and len(value) == 1 and torch.is_tensor(value[0]):
            value = value[0][None]
        if torch.is_tensor(value):
            save(out / f"inputs/{key}.npy", value)
        elif isinstance(value, PIL.Image.Image):
            value.convert("RGB").save(out / f"inputs/{PICTURES.get(key, key)}.png")
        else:
            plain[key] = value
    (out / "expected/timesteps.json").write_text(json.dumps({"fed": {"timestep": {"values": timesteps}}}))
    tolerance = TOLERANCE * max(1.0, float(final["latents"].std()))
    description = {
        "pipeline": type(pipe).__name__,
        "scheduler": type(pipe.scheduler).__name__,
        "call": plain,
        "steps": len(latents),
        "seed_of_generator": SEED,
        "noise": [],
        "predictor": {"constant_inputs": [], "inputs_of_every_call": []},
        "agreement": {"ort_against_torch": {"latents": tolerance, "final": tolerance, "image": TOLERANCE, "raw": TOLERANCE}},
        "tokens": [],
    }
    (out / "case.json").write_text(json.dumps(description, indent=1))
    print(f"{name}: {len(latents)} steps, latents' deviation {float(final['latents'].std()):.3f}", flush=True)


def main():
    folder, *names = sys.argv[1:] or sys.exit(__doc__)
    torch.set_num_threads(1)
    failed = []
    for name in names or CASES:
        try:
            with torch.no_grad():
                record(name, folder)
        except Exception as error:  # The others are recorded whatever one of them does.
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
