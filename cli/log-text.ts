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

/** What other processes of ours wrote, as people read it: lines of pino's as text, the others as they are. */
export function readableLog(written: string): string {
  return written
    .split('\n')
    .map((line) => {
      try {
        return line.startsWith('{"level":') ? logText(line) : line;
      } catch {
        // The end of what was kept, or its beginning, is half a line.
        return line;
      }
    })
    .join('\n');
}
