import { expect, it } from 'vitest';
import {
  benchChart,
  benchChartPng,
  benchDocument,
  benchMarkdown,
  benchRow,
  describeEnvironment,
  type DocumentInput,
  type MeasuredConfig,
} from '../../../cli/bench/index.js';
import { decodePng } from '../../../common/image/index.js';
import { benchMeasured, benchSample, workerFact, RUN_SETTINGS } from '../../support/bench-sample.js';

const workers = [workerFact('a'), workerFact('b')];

function input(measured: readonly MeasuredConfig[], changes: Partial<DocumentInput> = {}): DocumentInput {
  return {
    outcome: { measured, complete: true, error: undefined },
    settings: {
      workload: 'emoji',
      num_inference_steps: 10,
      warm_up: 2,
      guidance_scale: null,
      repeats: measured[0]?.samples.length ?? 0,
      settle_seconds: 0,
      seed: 0,
      time_shift: false,
      optimization_level: 'extended',
    },
    environment: describeEnvironment(),
    workers,
    coordinatorVersion: '1.0.0',
    command: 'asyncdiff bench',
    warnings: [],
    ...changes,
  };
}

it('takes medians, and the speed-up from pairs', async () => {
  const row = await benchRow(
    benchMeasured([
      [2, 1],
      [4, 2],
      [4, 2.5],
    ]),
    workers,
  );
  expect(row).toMatchObject({
    config: 'n2s1',
    workers: 2,
    seconds: 2,
    sequential_seconds: 4,
    speedup: 2,
    speedup_spread: { min: 1.6, max: 2 },
    equal_across_repeats: true,
  });
  // T / (w + (T - w) * max share)
  expect(row.ideal_speedup).toBeCloseTo(10 / (2 + 8 * 0.5), 12);
  expect(row.efficiency).toBeCloseTo(row.speedup / row.ideal_speedup, 12);
});

it('counts rounds in the bound of a stride', async () => {
  // Share per step 0.4: the busiest worker computes 0.8 of a whole step in each of ceil(8 / 2) rounds.
  const row = await benchRow(
    benchMeasured([[2, 1]], { settings: { ...RUN_SETTINGS, stride: 2 }, maxShare: 0.4 }),
    workers,
  );
  expect(row.ideal_speedup).toBeCloseTo(10 / (2 + 4 * 0.8), 12);
});

it('divides declared times by their dilation, and labels them wherever they are shown', async () => {
  const declared = {
    profile: 'a5000-sd21',
    model: 'sd21',
    device: 'NVIDIA RTX A5000',
    timeDilation: 4,
    batch: 2,
    sampleInput: 'sample',
    timestepInput: 'timestep',
    inputs: [],
  };
  const document = await benchDocument(
    input([benchMeasured([[8, 4]], { declared: true, timeDilation: 4 })], {
      workers: workers.map((worker) => ({ ...worker, declared })),
    }),
  );
  expect(document.declared).toBe(true);
  expect(document.rows[0]).toMatchObject({
    declared: true,
    seconds: 1,
    sequential_seconds: 2,
    period_ms: 20,
  });
  expect(document.title).toContain('declared NVIDIA RTX A5000');
  expect(document.title).toContain('4 times slower');
  const markdown = benchMarkdown(document);
  expect(markdown).toContain('| n2s1 (declared) |');
  expect(markdown).toContain('divided by 4');
  expect(benchChart(document, { text: 'font' })).toContain('2 workers, declared');
});

it('never calls one host several, and says so when a configuration had too few workers', async () => {
  const measured = {
    ...benchMeasured([[2, 1]]),
    config: { name: 'n5s1', plan: { components: 5, stride: 1 } },
  };
  const document = await benchDocument(input([measured]));
  expect(document.title).toContain('2 workers on one host');
  expect(document.hosts).toBe(1);
  expect(document.warnings.join()).toContain('would use 5 workers; it had 2');
  expect(benchMarkdown(document)).toContain('2 of 5 wanted');
});

it('detects outputs that differ, in any of the runs', async () => {
  const measured: MeasuredConfig = { ...benchMeasured([[2, 1]]), untimed: [benchSample({}, [1, 2.0000002])] };
  const document = await benchDocument(input([measured]));
  expect(document.rows[0]).toMatchObject({ equal_across_repeats: false, compared_runs: 2 });
  expect(document.warnings.join()).toContain('OUTPUTS DIFFER');
  expect(benchMarkdown(document)).toContain('**NO**');
});

it('marks what was ended before its time', async () => {
  const outcome = { measured: [benchMeasured([[2, 1]])], complete: false, error: undefined };
  const document = await benchDocument(input([], { outcome }));
  expect(benchMarkdown(document)).toContain('Incomplete');
  expect(benchChart(document, { text: 'font' })).toContain('INCOMPLETE');
});

it('draws every configuration with its label, and the same picture without fonts', async () => {
  const more = { ...benchMeasured([[3, 1]]), config: { name: 'n3s1', plan: { components: 3, stride: 1 } } };
  const document = await benchDocument(
    input([
      benchMeasured([
        [2, 1],
        [2, 1.2],
      ]),
      more,
    ]),
  );
  const svg = benchChart(document, { text: 'font' });
  for (const label of ['n2s1', 'n3s1', '3.00x', 'speed-up over sequential', 'one host'])
    expect(svg).toContain(label);
  expect(benchChart(document, { text: 'paths' })).not.toContain('<text');
  const { width, height, data } = await decodePng(await benchChartPng(document));
  expect([width, height]).toEqual([1920, 1048]);
  expect(new Set(data).size).toBeGreaterThan(2);
});

it('holds nothing but a document when nothing was measured', async () => {
  const document = await benchDocument(input([]));
  expect(document.rows).toEqual([]);
  expect(benchChart(document, { text: 'font' })).toContain('</svg>');
  expect(JSON.parse(JSON.stringify(document))).toMatchObject({ schema: 'asyncdiff.bench/1', complete: true });
});

it('says when figures are too good or too uneven to be believed', async () => {
  const tooGood = await benchDocument(input([benchMeasured([[3, 1]])]));
  expect(tooGood.warnings.join()).toContain('faster than its ideal bound');
  const uneven = await benchDocument(
    input([
      benchMeasured([
        [1, 1],
        [2, 1.5],
      ]),
    ]),
  );
  expect(uneven.warnings.join()).toContain('the machine was not quiet');
  const starved = { declared: true, timeDilation: 4, periodMs: 120, predictedPeriodMs: 80 };
  const declared = await benchDocument(input([benchMeasured([[1.5, 1]], starved)]));
  expect(declared.warnings.join()).toContain(
    'a round takes 1.5 times what the declared devices and the links take',
  );
  const carried = await benchDocument(input([benchMeasured([[1.5, 1]], { ...starved, periodMs: 90 })]));
  expect(carried.warnings).toEqual([]);
  const plain = await benchDocument(input([benchMeasured([[1.5, 1]])]));
  expect(plain.warnings).toEqual([]);
});
