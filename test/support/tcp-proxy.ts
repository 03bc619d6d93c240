import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to HOST:PORT that can be cut, frozen and slowed, for everyone who goes through it. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #delayMs = 0;
  #passedBytes = 0;
  #cutAtBytes = Number.POSITIVE_INFINITY;
  #isFrozen = false;
  /** HOST:PORT; may be told later. */
  target = '';

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (near) => this.#join(near));
  }

  static async start(target = ''): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new TcpProxy(server);
    proxy.target = target;
    return proxy;
  }

  /** HOST:PORT of this end. */
  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  }

  /** Ends every connection; new ones are taken. */
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

  /** Ends every connection when the target has sent so many more bytes. */
  cutAfter(bytes: number): void {
    this.#cutAtBytes = this.#passedBytes + bytes;
  }

  /** Nothing passes any more, in either direction, and nobody is told; new connections are accepted and silent. */
  freeze(): void {
    this.#isFrozen = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** What passes takes so much longer. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(near: Socket): void {
    const [host = '', port = ''] = this.target.split(':');
    const far = connect({ host, port: Number(port) });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      if (this.#isFrozen) from.pause();
      from.on('data', (data) => {
        if (from === far) this.#passedBytes += data.length;
        if (this.#passedBytes >= this.#cutAtBytes) {
          this.#cutAtBytes = Number.POSITIVE_INFINITY;
          this.cut();
          return;
        }
        if (this.#delayMs === 0) to.write(data);
        else setTimeout(() => to.writable && to.write(data), this.#delayMs);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }
}
