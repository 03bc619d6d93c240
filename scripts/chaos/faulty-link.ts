import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to HOST:PORT that can be cut, frozen and slowed while it is used. */
export class FaultyLink {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isFrozen = false;
  #passedBytes = 0;
  #cutAtBytes = Number.POSITIVE_INFINITY;
  /** Added to each direction. */
  delayMs = 0;
  /** HOST:PORT; empty refuses who comes. */
  target = '';

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (near) => this.#join(near));
  }

  static async open(target = ''): Promise<FaultyLink> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const link = new FaultyLink(server);
    link.target = target;
    return link;
  }

  /** HOST:PORT of this end. */
  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  }

  /** Every connection ends, as with a reset; new ones are taken. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Bytes that the target has sent through this way. */
  get passedBytes(): number {
    return this.#passedBytes;
  }

  /** Every connection ends when the target has sent so many more bytes. */
  cutAfter(bytes: number): void {
    this.#cutAtBytes = this.#passedBytes + bytes;
  }

  /** Nothing passes any more, and nobody is told; new connections are taken and silent. */
  freeze(): void {
    this.#isFrozen = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(near: Socket): void {
    if (this.target === '') {
      near.resetAndDestroy();
      return;
    }
    const [host = '', port = ''] = this.target.split(':');
    const far = connect({ host, port: Number(port), noDelay: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.#pass(near, far, pair);
    far.on('data', ({ length }) => this.#passed(length));
    this.#pass(far, near, pair);
  }

  #passed(bytes: number): void {
    this.#passedBytes += bytes;
    if (this.#passedBytes < this.#cutAtBytes) return;
    this.#cutAtBytes = Number.POSITIVE_INFINITY;
    this.cut();
  }

  #pass(from: Socket, to: Socket, pair: readonly [Socket, Socket]): void {
    if (this.#isFrozen) from.pause();
    const queue: { readonly dueMs: number; readonly data: Buffer }[] = [];
    let isWaiting = false;
    // In the order in which it came, whatever the delay was then.
    const pump = (): void => {
      isWaiting = false;
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const leftMs = head.dueMs - performance.now();
        if (leftMs > 0) {
          isWaiting = true;
          setTimeout(pump, leftMs);
          return;
        }
        queue.shift();
        if (to.writable && !to.write(head.data)) {
          from.pause();
          to.once('drain', () => this.#isFrozen || from.resume());
        }
      }
    };
    from.on('data', (data) => {
      queue.push({ dueMs: performance.now() + this.delayMs, data });
      if (!isWaiting) pump();
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#pairs.delete(pair);
      to.destroy();
    });
  }
}
