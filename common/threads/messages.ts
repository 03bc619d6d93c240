import type { WireError } from '../wire-error.js';

/** What a thread can be asked: by name, what goes in and what comes back. */
export type ThreadCalls<C> = {
  readonly [K in keyof C]: { readonly argument: unknown; readonly result: unknown };
};

/** From the owner of a thread to it: a call is answered, a post is not. */
export type ToThread =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'post'; readonly post: unknown }
  | { readonly kind: 'stop' };

/** From a thread to its owner. */
export type FromThread =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'event'; readonly event: unknown };
