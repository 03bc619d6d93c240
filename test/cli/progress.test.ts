import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ProgressLine, progressText } from '../../cli/progress.js';

const FIGURES = ['1.82x', '12.3 steps/s', '3 s left', 'drift 1.2e-5'];

it('says everything where there is room, then shortens the bar, then leaves out the least important first', () => {
  const line = (columns: number) =>
    progressText('denoising', { done: 6, total: 12, figures: FIGURES }, columns);
  const bar = `${'█'.repeat(12)}${'░'.repeat(12)}`;
  expect(line(120)).toBe(`denoising ${bar} 6/12  1.82x  12.3 steps/s  3 s left  drift 1.2e-5`);
  // Terminals of 200, 80 and 40 columns, less the last one.
  expect(line(199)).toBe(line(120));
  expect(line(79)).toBe('denoising ██████████░░░░░░░░░ 6/12  1.82x  12.3 steps/s  3 s left  drift 1.2e-5');
  expect(line(39)).toBe('denoising █████████░░░░░░░░ 6/12  1.82x');
  expect(line(24)).toBe('denoising █████░░░░ 6/12');
  expect(line(12)).toBe('denoisi 6/12');
  expect(line(3)).toBe('6/1');
});

it('never is longer than the terminal is wide', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60 }),
      fc.nat(2000),
      fc.nat(2000),
      fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 200 }),
      (label, done, total, figures, columns) => {
        expect(progressText(label, { done, total, figures }, columns).length).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

it('on a terminal keeps to its width; elsewhere writes plain lines, few of them', () => {
  let written = '';
  let nowMs = 0;
  const stderr = { write: (text: string) => (written += text), isTTY: true, columns: 40 };
  const io = { stdout: stderr, stderr, env: {}, signal: new AbortController().signal };
  const terminal = new ProgressLine(io, false);
  terminal.update('denoising', 3, 12, FIGURES);
  expect(written.replace('\r\u001b[2K', '').length).toBeLessThan(40);
  written = '';
  const plain = new ProgressLine({ ...io, stderr: { ...stderr, isTTY: false } }, false, () => nowMs);
  for (let step = 0; step <= 100; step++) {
    nowMs += 100;
    plain.update('denoising', step, 100, step === 100 ? FIGURES : []);
  }
  expect(written.split('\n')).toEqual([
    'denoising 0/100',
    'denoising 25/100',
    'denoising 50/100',
    'denoising 75/100',
    `denoising 100/100  ${FIGURES.join('  ')}`,
    '',
  ]);
  written = '';
  for (let minute = 0; minute < 4; minute++) {
    nowMs += 60_000;
    plain.update('denoising', 30 + minute, 1000, []);
  }
  expect(written.split('\n')).toHaveLength(5);
});
