import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { PLAN_SETTINGS } from '../../../common/settings/index.js';

/** Fields of PlanSettings in the proto, each with the comment above it. */
function fields(): Map<string, string> {
  const proto = readFileSync(join(packageRoot, 'proto/asyncdiff/v1/coordinator.proto'), 'utf8');
  const message = /message PlanSettings \{([\s\S]*?)\n\}/.exec(proto)?.[1] ?? '';
  const found = message.matchAll(/((?:\s*\/\/[^\n]*\n)+)\s*(?:optional|repeated) \w+ (\w+) = \d+;/g);
  return new Map(
    Array.from(found, ([, comment = '', name = '']) => [name, comment.replace(/\s*\/\/\s*/g, ' ')]),
  );
}

const wireName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

it('the proto says of each plan setting the default that the table has', () => {
  const comments = fields();
  expect([...comments.keys()].sort()).toEqual(Object.keys(PLAN_SETTINGS).map(wireName).sort());
  for (const [name, { default: value }] of Object.entries(PLAN_SETTINGS)) {
    if (Array.isArray(value)) continue;
    const comment = comments.get(wireName(name)) ?? '';
    // `default 1`, `1 (default)`, `auto (default, where ...)`, `Default false`.
    const said =
      /[Dd]efault (-?\w+(?:\.\d+)?)/.exec(comment)?.[1] ?? /(-?[\w.]+) \(default/.exec(comment)?.[1];
    expect({ name, said }).toEqual({ name, said: String(value) });
  }
});
