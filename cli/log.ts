import { pino } from 'pino';

/** Structured log lines on stderr, for serve and worker. */
export function openLog(name: string, verbose: boolean) {
  return pino({ name, level: verbose ? 'debug' : 'info' }, pino.destination({ dest: 2, sync: true }));
}
