import { describe, expect, it } from 'vitest';
import { float32 } from '../../common/tensor/index.js';
import { ReportCheck } from '../../coordinator/deployment/report-check.js';
import { toTensorMessage } from '../../rpc/index.js';
import { toSamplerState } from '../../protocol/sampler.js';

const DIMS = [1, 2, 2];
const STEPS = 6;
const values = (fill = 0.5, length = 4): Float32Array => new Float32Array(length).fill(fill);

/** As a check takes it: what is told of the round that ends with step 3, for which a checkpoint was asked. */
type Told = Parameters<ReportCheck['checkpoint']>[1];

function state(change: Partial<Parameters<typeof toSamplerState>[0]> = {}): Told {
  const whole = { nextStep: 4, latents: float32(values(), DIMS), history: [values()], foresight: undefined };
  // What a message that has travelled has besides: nothing that is missing.
  const message = toSamplerState({ ...whole, ...change });
  return { nextStep: 0, history: [], foresight: null, ...message } as unknown as Told;
}

function foreseeing(calls: number[], kept: Float32Array[], drifts: number[] = []): Told {
  return state({ foresight: { calls, values: kept, drifts } });
}

function check(): ReportCheck {
  const reports = new ReportCheck(DIMS, STEPS);
  reports.issued(1, false);
  reports.issued(3, true);
  return reports;
}

describe('what a worker reports of a job', () => {
  it('is taken where it fits', () => {
    const foresight = { calls: [2, 3], values: [values(), values(Number.NaN)], drifts: [undefined, 0.1] };
    expect(check().checkpoint(3, state({ foresight }), false)?.nextStep).toBe(4);
    expect(check().checkpoint(1, null, false)).toBeUndefined();
    // Held in the middle of a round.
    expect(check().checkpoint(2, state({ nextStep: 3 }), true)?.nextStep).toBe(3);
    expect(check().noise(3, toTensorMessage(float32(values(), DIMS)) as never).dims).toEqual(DIMS);
  });

  const wrong: readonly { what: string; lastStep?: number; told: Told; held?: boolean }[] = [
    {
      what: 'no state where there must be one: the picture would be that of the checkpoint before',
      told: null,
    },
    { what: 'no state where it holds', told: null, held: true },
    { what: 'a round that was not asked for', lastStep: 5, told: state({ nextStep: 6 }) },
    { what: 'a round that does not end there', lastStep: 2, told: state({ nextStep: 3 }) },
    { what: 'another step', told: state({ nextStep: 3 }) },
    { what: 'latents of another shape', told: state({ latents: float32(values(), [1, 4]) }) },
    { what: 'latents with NaN', told: state({ latents: float32(values(Number.NaN), DIMS) }) },
    { what: 'a history of another size', told: state({ history: [values(1, 3)] }) },
    { what: 'a history without end', told: state({ history: Array.from({ length: 17 }, () => values()) }) },
    { what: 'a history with infinity', told: state({ history: [values(Number.POSITIVE_INFINITY)] }) },
    { what: 'predictions of another size', told: foreseeing([1], [values(1, 5)]) },
    { what: 'predictions from what is to come', told: foreseeing([4], [values()]) },
    { what: 'predictions from nothing', told: foreseeing([1], []) },
    { what: 'more drifts than steps', told: foreseeing([], [], [1, 1, 1, 1, 1, 1, 1, 1]) },
  ];
  it.each(wrong)('is refused: $what', ({ lastStep = 3, told, held = false }) => {
    expect(() => check().checkpoint(lastStep, told, held)).toThrowError(
      expect.objectContaining({ code: 'invalid_input' }),
    );
  });

  it('is refused: noise for a step that nobody asked for, of another shape, or no number', () => {
    const tensor = (fill: number, dims = DIMS) => toTensorMessage(float32(values(fill), dims)) as never;
    for (const [step, message] of [
      [4, tensor(1)],
      [3, tensor(Number.NaN)],
      [3, tensor(1, [4])],
    ] as const)
      expect(() => check().noise(step, message)).toThrowError(
        expect.objectContaining({ code: 'invalid_input' }),
      );
  });
});
