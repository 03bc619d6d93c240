import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { apiReference } from '../../scripts/api-reference.js';

const made = apiReference();

it('docs/reference/api.md is what `npm run gen:api-docs` makes', () => {
  expect(readFileSync(join(packageRoot, 'docs', 'reference', 'api.md'), 'utf8')).toBe(made);
});

it('shows no generated type, and a sentence for everything public that is not a list of options', () => {
  expect(made).not.toMatch(/__Output|_asyncdiff_v1_|import\(/);
  const sections = made.split('\n### ').slice(1);
  expect(sections.length).toBeGreaterThan(30);
  const bare = sections
    .filter((section) => /^\w+\n\n```/.test(section))
    .map((section) => section.slice(0, section.indexOf('\n')))
    .filter((name) => !name.endsWith('Options'));
  expect(bare).toEqual([]);
});
