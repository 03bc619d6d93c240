import { describe, expect, it } from 'vitest';
import { plainText } from '../../common/plain-text.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { handleOf } from '../support/state-machines.js';

const receive = (message: WorkerMessage__Output): unknown => {
  const handle = handleOf('w1', () => undefined);
  handle.receive(message);
  return handle.loss;
};

describe('what a worker says in a conversation', () => {
  const report = { jobId: 'j', attempt: 0, computeMs: 1, waitMs: 1, sentBytes: {}, segmentMs: {}, spans: [] };
  const span = { name: 's', category: 'compute', startMs: 1, durationMs: 1, round: 0, component: 1 };
  it.each([
    { deployed: { deploymentId: 'd', segmentMs: { s: Number.NaN } } },
    { deployed: { deploymentId: 'd', segmentMs: { s: -1 } } },
    { deployed: { deploymentId: 'd', segmentMs: { s: 1e300 } } },
    { jobReport: { ...report, computeMs: Number.NaN } },
    { jobReport: { ...report, sentBytes: { w2: Number.POSITIVE_INFINITY } } },
    { jobReport: { ...report, segmentMs: { s: -5 } } },
    { jobReport: { ...report, spans: [{ ...span, durationMs: Number.NaN }] } },
    { pong: { id: 1, sentMs: Number.NaN, clockMs: 0 } },
    { pong: { id: 1, sentMs: 1e15, clockMs: 0 } },
    { pong: { id: 1, sentMs: 0, clockMs: 0 } },
  ])('is refused where it is no amount: %j', (message) => {
    expect(() => receive(message as WorkerMessage__Output)).toThrowError(
      expect.objectContaining({ code: 'protocol_mismatch' }),
    );
  });

  it('is shown in one short line, whatever characters it has', () => {
    const reason = `\u001b[2J\u202e${'x'.repeat(1_000_000)}\nlast`;
    const told = String(receive({ leaving: { reason } }));
    expect(told).toContain('worker w1 left: \\u{1b}[2J\\u{202e}xxx');
    expect(told.length).toBeLessThan(2_200);
    expect(plainText('one\n  two\u2028three', 100)).toBe('one two\\u{2028}three');
  });
});
