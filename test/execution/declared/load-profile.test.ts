import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { distFile, packageRoot } from '../../../common/package.js';
import {
  ARCHITECTURES,
  type ArchitectureName,
  deviceReport,
  makeProfile,
  makePublishedProfile,
  publishedShare,
} from '../../../scripts/profiles/index.js';
import { BUILT_IN_PROFILES, formatProfile, loadProfile } from '../../../execution/declared/index.js';
import { toCostGraph } from '../../../planner/declared/index.js';

const NAMES = Object.keys(ARCHITECTURES) as ArchitectureName[];
const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-profiles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Json = Record<string, unknown> & { graph: Record<string, unknown[]> };

/** A built-in profile with one change, written to a file. */
function changed(change: (profile: Json) => void): string {
  const profile = JSON.parse(formatProfile(makePublishedProfile('sd15'))) as Json;
  change(profile);
  const path = join(folder, 'changed.json');
  writeFileSync(path, JSON.stringify(profile));
  return path;
}

async function failure(source: string): Promise<AsyncDiffError> {
  const error: unknown = await loadProfile(source).catch((caught: unknown) => caught);
  if (!(error instanceof AsyncDiffError)) throw new Error(`${source} was accepted`);
  return error;
}

describe('built-in profiles', () => {
  it.each(NAMES)('a5000-%s is what `npm run gen:profiles` writes, and small', (name) => {
    const text = readFileSync(
      join(packageRoot, 'execution', 'declared', 'profiles', `a5000-${name}.json`),
      'utf8',
    );
    expect(text === formatProfile(makePublishedProfile(name))).toBe(true);
    expect(text.length).toBeLessThan(400_000);
  });

  it('docs/reference/declared-devices.md holds the tables of today', () => {
    const page = readFileSync(join(packageRoot, 'docs', 'reference', 'declared-devices.md'), 'utf8');
    expect(page).toContain(deviceReport());
  });

  it.each(BUILT_IN_PROFILES)('%s loads by name, as a graph that costs step_ms', async (name) => {
    const profile = await loadProfile(name);
    expect(profile).toMatchObject({ name, dtype: 'float16', batch: 2, time_dilation: 1 });
    const graph = toCostGraph(profile);
    expect(graph.nodes.reduce((sum, node) => sum + node.costMs, 0)).toBeCloseTo(profile.step_ms, 1);
    expect(graph.values.get(graph.output)?.dims).toEqual(graph.values.get(graph.sampleInput)?.dims);
  });

  it.each(BUILT_IN_PROFILES)(
    '%s in two micro-batches: one row, half of the work and a little more',
    async (name) => {
      const profile = await loadProfile(name);
      const [whole, half] = [toCostGraph(profile), toCostGraph(profile, 2)];
      const sum = (graph: typeof whole) => graph.nodes.reduce((total, node) => total + node.costMs, 0);
      expect(sum(half) / sum(whole)).toBeGreaterThan(0.5);
      expect(sum(half) / sum(whole)).toBeLessThan(0.6);
      expect(half.values.get(half.output)?.dims).toEqual([
        1,
        ...(whole.values.get(whole.output)?.dims.slice(1) ?? []),
      ]);
      for (const value of half.values.values())
        expect([1, 2]).toContain((whole.values.get(value.name)?.bytes ?? 0) / value.bytes);
      expect(half.weightBytes).toEqual(whole.weightBytes);
    },
  );

  it('has no times for other micro-batches, nor where a profile of your own leaves them out', async () => {
    const profile = makePublishedProfile('sd15');
    expect(() => toCostGraph(profile, 3)).toThrow('as a whole or in 2 micro-batches');
    const bare = structuredClone(profile);
    for (const node of bare.graph.nodes) delete node.batchOneMs;
    expect(toCostGraph(bare).nodes).toEqual(toCostGraph(profile).nodes);
    expect(() => toCostGraph(bare, 2)).toThrow('as a whole only');
  });

  it.each(NAMES)('a5000-%s: 50 steps, VAE and text encoders add up to the published time', (name) => {
    const { publishedMs, vaeMs, textMs, scale, stepMs } = publishedShare(name);
    expect(50 * stepMs + scale * (vaeMs + textMs)).toBeCloseTo(publishedMs, 0);
    expect(Math.abs(scale - 1)).toBeLessThan(0.08);
  });
});

describe('loadProfile', () => {
  it('reads a profile made for another GPU', async () => {
    const path = join(folder, 'own.json');
    const made = makeProfile({ architecture: 'sdxl', stepMs: 138, device: 'RTX 4090', timeDilation: 4 });
    writeFileSync(path, formatProfile(made));
    expect(await loadProfile(path)).toEqual(made);
    expect(made).toMatchObject({ name: 'rtx-4090-sdxl', step_ms: 138, time_dilation: 4 });
  });

  it('names the built-in profiles when there is no such file', async () => {
    const error = await failure('a5000-sd3');
    expect(error.code).toBe('file_not_found');
    expect(error.hint).toContain('a5000-sd21');
  });

  it('refuses what is not JSON', async () => {
    const path = join(folder, 'text.json');
    writeFileSync(path, 'not json');
    expect((await failure(path)).code).toBe('file_unreadable');
  });

  it.each<[string, string, (profile: Json) => void]>([
    ['another schema', 'schema', (p) => Object.assign(p, { schema: 'asyncdiff.profile/9' })],
    ['a negative time', 'step_ms', (p) => Object.assign(p, { step_ms: -1 })],
    ['a total that the nodes miss', 'step_ms', (p) => Object.assign(p, { step_ms: 500 })],
    ['no dilation at all', 'time_dilation', (p) => Object.assign(p, { time_dilation: 0 })],
    ['wrong bytes', 'has 7 bytes', (p) => Object.assign(p.graph['values']?.[0] ?? {}, { bytes: 7 })],
    ['a missing node', 'before it exists', (p) => p.graph['nodes']?.splice(3, 1)],
    ['a missing weight', 'graph.weightBytes', (p) => Object.assign(p.graph, { weightBytes: {} })],
    ['no such output', 'graph.output', (p) => Object.assign(p.graph, { output: 'sample' })],
  ])('refuses %s and says where', async (_what, where, change) => {
    const error = await failure(changed(change));
    expect(error.code).toBe('file_unreadable');
    expect(error.rawMessage).toContain(where);
  });
});

describe('npm run profile', () => {
  const command = (...args: string[]): string =>
    execFileSync(process.execPath, [distFile('scripts/profiles/profile-command.js'), ...args], {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 60_000,
    });

  it('writes a profile that loads', async () => {
    const out = join(folder, 'cli.json');
    command('--architecture', 'sd15', '--step-ms', '25.5', '--device', 'L4', '--out', out);
    expect(await loadProfile(out)).toMatchObject({ device: 'L4', step_ms: 25.5, width: 512 });
  });

  it.each([
    ['--step-ms', '0'],
    ['--height', '500'],
  ])('refuses %s %s with exit code 2', (option, value) => {
    const out = join(folder, 'refused.json');
    const settings = { '--architecture': 'sd15', '--step-ms': '25', '--device': 'L4', '--out': out };
    const args = Object.entries({ ...settings, [option]: value }).flat();
    expect(() => command(...args)).toThrow(expect.objectContaining({ status: 2 }));
  });
});
