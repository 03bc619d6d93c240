import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../common/package.js';
import type { CliProcess } from './child.js';

export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: { readonly clock_offset_ms: Readonly<Record<string, number>> };
}

export async function scrape(process: CliProcess): Promise<string> {
  const { metrics_port: port } = await process.ready();
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  return response.text();
}

export function namesOf(text: string): Set<string> {
  return new Set([...text.matchAll(/^# TYPE (asyncdiff_\w+)/gm)].map((match) => match[1] as string));
}

/** What docs/reference/metrics.md says that a process serves. */
export function documented(process: 'coordinator' | 'worker'): Set<string> {
  const page = readFileSync(join(packageRoot, 'docs', 'reference', 'metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(asyncdiff_\w+)` \| ([^|]+) \|/gm)];
  return new Set(rows.flatMap(([, name, on]) => (on?.includes(process) ? [name as string] : [])));
}
