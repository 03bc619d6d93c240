import { pino } from 'pino';
import { logText } from './log-text.js';

/** Structured log lines on stderr, for serve and worker: text on a terminal, JSON elsewhere. */
export function openLog(name: string, verbose: boolean) {
  const json = pino.destination({ dest: 2, sync: true });
  const target = process.stderr.isTTY
    ? { write: (line: string) => void process.stderr.write(`${logText(line)}\n`) }
    : json;
  return pino({ name, level: verbose ? 'debug' : 'info' }, target);
}
