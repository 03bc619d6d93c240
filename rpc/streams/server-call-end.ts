import { Metadata } from '@grpc/grpc-js';

interface EndingCall {
  readonly cancelled: boolean;
  sendMetadata(metadata: Metadata): void;
  on(event: 'end' | 'cancelled', listener: () => void): unknown;
}

/**
 * How a client's side of a stream ended on the server; `onEnd` is called once.
 *
 * A stream whose connection breaks also emits 'end', before 'cancelled' and like an orderly half-close. Only a look at
 * the call a moment later tells the two apart. A client that cancels cannot be told from one that ends: Node sends
 * END_STREAM before RST_STREAM, and the second may come later.
 *
 * @param onEnd `broken`: the client went away, or the call was already over when it ended
 */
export function onClientEnd(call: EndingCall, onEnd: (broken: boolean) => void): void {
  let told = false;
  const tell = (broken: boolean): void => {
    if (told) return;
    told = true;
    onEnd(broken);
  };
  call.on('cancelled', () => tell(true));
  call.on('end', () => {
    // Has no effect on a call that is alive but to send its headers; one that is not notices, and sets `cancelled`.
    call.sendMetadata(new Metadata());
    setImmediate(() => tell(call.cancelled));
  });
}
