import { pino } from 'pino';

/** Structured log lines on stderr, for serve and worker: text on a terminal, JSON elsewhere. */
export function openLog(name: string, verbose: boolean) {
  const json = pino.destination({ dest: 2, sync: true });
  const target = process.stderr.isTTY
    ? { write: (line: string) => void process.stderr.write(`${logText(line)}\n`) }
    : json;
  return pino({ name, level: verbose ? 'debug' : 'info' }, target);
}

/** Fields that every line has, and people do not look for. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'stack']);

/** A line of pino's as people read it: time, warning or not, message, the fields; a stack below. */
export function logText(json: string): string {
  const line = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const time = new Date(Number(line['time'])).toTimeString().slice(0, 8);
  const level = Number(line['level']) >= 40 ? 'warning: ' : '';
  const fields = Object.entries(line)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const stack = typeof line['stack'] === 'string' ? `\n${line['stack']}` : '';
  return [time, `${level}${String(line['msg'])}`, ...fields].join('  ') + stack;
}
