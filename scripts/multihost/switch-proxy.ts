// The delay of a kernel without netem: runs in the switch's namespace, started by scripts/multihost/main.ts.
import { startDelayProxy } from '../delay-proxy.js';
import type { Entrance } from './network.js';

const { delayMs, entrances } = JSON.parse(process.argv[2] ?? '') as {
  delayMs: number;
  entrances: Entrance[];
};
for (const entrance of entrances)
  await startDelayProxy({ listen: entrance.public, to: entrance.own, delayMs });
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit()).resume();
