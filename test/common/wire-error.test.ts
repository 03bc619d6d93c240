import { expect, it } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { fromWireError, stackOf, toWireError } from '../../common/wire-error.js';

function fails(): never {
  throw new TypeError('of nothing');
}

it('an error keeps code, text, hint and the stack of where it was thrown', () => {
  let thrown: unknown;
  try {
    fails();
  } catch (error) {
    thrown = error;
  }
  const wire = structuredClone(toWireError(thrown, 'worker_failed'));
  const there = fromWireError(wire);
  expect(there).toMatchObject({ code: 'worker_failed', rawMessage: 'of nothing' });
  expect(there).toBeInstanceOf(AsyncDiffError);
  expect(there.stack).toContain('at fails');
  expect(stackOf(new AsyncDiffError('internal', 'above', { cause: there }))).toContain('at fails');
});

it('a code of a newer version is taken as the fallback', () => {
  const wire = { code: 'of_tomorrow', message: 'x', hint: 'y', stack: '' };
  expect(fromWireError(wire, 'worker_failed')).toMatchObject({ code: 'worker_failed', hint: 'y' });
});
