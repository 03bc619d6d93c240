import { Namespace } from './namespace.js';
import { type DelayBy, hasNetem, type LinkShape, shape, tuneSockets } from './shaping.js';

/** A host: a namespace with one interface, `eth0`, plugged into the switch. */
export interface Host {
  readonly namespace: Namespace;
  /** Its own IP address. */
  readonly ip: string;
  readonly number: number;
}

/** A way into a host: what listens at `own` is reached by others at `public`, which delays if the kernel cannot. */
export interface Entrance {
  readonly own: string;
  readonly public: string;
}

const SWITCH_IP = '10.77.0.254';
/** Port of coordinator and workers on their hosts. */
const SERVICE_PORT = 7000;
/** Port of the raw TCP measurement. */
const MEASURE_PORT = 7009;
/** Ports of the switch are this plus a number of their own. */
const SWITCH_PORT = 20_000;

/** Hosts around a switch, all of it in namespaces: nothing of the machine's own network is touched. */
export class Network {
  readonly coordinator: Host;
  readonly workers: readonly Host[];
  readonly switchNamespace: Namespace;
  readonly delayBy: DelayBy;
  readonly shape: LinkShape;

  private constructor(switchNamespace: Namespace, hosts: readonly Host[], link: LinkShape, delayBy: DelayBy) {
    this.switchNamespace = switchNamespace;
    this.coordinator = hosts[0] as Host;
    this.workers = hosts.slice(1);
    this.shape = link;
    this.delayBy = delayBy;
  }

  /** @param made told of every namespace as soon as it is there, so that it can be removed whatever happens next */
  static async make(
    workers: number,
    link: LinkShape,
    made: (namespace: Namespace) => void,
    signal: AbortSignal,
  ): Promise<Network> {
    const add = async (role: string): Promise<Namespace> => {
      signal.throwIfAborted();
      const namespace = await Namespace.make(role);
      made(namespace);
      return namespace;
    };
    const hub = await add('switch');
    await hub.ip('link', 'add', 'br0', 'type', 'bridge');
    await hub.ip('addr', 'add', `${SWITCH_IP}/24`, 'dev', 'br0');
    await hub.ip('link', 'set', 'br0', 'up');
    const netem = link.delayMs > 0 && (await hasNetem(hub));
    const delayBy = link.delayMs === 0 ? 'none' : netem ? 'netem' : 'user-space proxy';
    await tuneSockets(hub, link, netem);
    const hosts: Host[] = [];
    for (let number = 0; number <= workers; number++) {
      const namespace = await add(`h${number}`);
      const ip = `10.77.0.${number + 1}`;
      const port = `port${number}`;
      await hub.ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace.name);
      await hub.ip('link', 'set', port, 'master', 'br0', 'up');
      await namespace.ip('addr', 'add', `${ip}/24`, 'dev', 'eth0');
      await namespace.ip('link', 'set', 'eth0', 'up');
      // Every packet leaves one host and one port of the switch: the rate holds at both, the delay at the first.
      await tuneSockets(namespace, link, netem);
      await shape(namespace, 'eth0', link, 'host', netem);
      await shape(hub, port, link, delayBy === 'user-space proxy' ? 'proxied port' : 'port');
      hosts.push({ namespace, ip, number });
    }
    return new Network(hub, hosts, link, delayBy);
  }

  /** Where a host's coordinator or worker listens, and where others dial it. */
  service(host: Host): Entrance {
    return this.#entrance(host, SERVICE_PORT, SWITCH_PORT + host.number);
  }

  /** The way of the raw TCP measurement into a host. */
  measurement(host: Host): Entrance {
    return this.#entrance(host, MEASURE_PORT, SWITCH_PORT + 1000 + host.number);
  }

  /** What the switch's proxy must pass on; empty where the kernel delays. */
  get proxied(): Entrance[] {
    if (this.delayBy !== 'user-space proxy') return [];
    const hosts = [this.coordinator, ...this.workers];
    return hosts.flatMap((host) => [this.service(host), this.measurement(host)]);
  }

  #entrance({ ip }: Host, port: number, switchPort: number): Entrance {
    const own = `${ip}:${port}`;
    return { own, public: this.delayBy === 'user-space proxy' ? `${SWITCH_IP}:${switchPort}` : own };
  }
}
