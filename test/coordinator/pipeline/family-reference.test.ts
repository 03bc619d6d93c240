import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { allPipelines } from '../../../coordinator/pipeline/index.js';
import { FAMILY_NOTES } from '../../../scripts/family-notes.js';
import { familyReference } from '../../../scripts/family-reference.js';

it('every family of the registry has a section, and docs/reference/families.md is what `npm run gen:cli-docs` makes', async () => {
  const names = (await allPipelines()).map(({ name }) => name);
  expect(Object.keys(FAMILY_NOTES).toSorted()).toEqual(names.toSorted());
  const page = readFileSync(join(packageRoot, 'docs', 'reference', 'families.md'), 'utf8');
  expect(page).toBe(await familyReference());
  for (const name of names) expect(page).toContain(`\n## ${name}\n`);
});
