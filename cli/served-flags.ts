import type { Option } from 'commander';
import { flag } from './flag.js';
import { wholeNumber } from './numbers.js';

/** Flags that `serve` and `worker` have alike. */
export function metricsPortFlag(): Option {
  return flag(
    '--metrics-port <port>',
    'serve Prometheus metrics at this port, where --listen says',
  ).argParser(wholeNumber('metrics-port', 0, 65_535));
}

export function graceFlag(): Option {
  return flag('--grace-ms <ms>', 'time that a job in progress gets at SIGTERM')
    .argParser(wholeNumber('grace-ms', 0))
    .default(30_000);
}
