import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { limitsReference, settingsReference } from '../../scripts/settings-reference.js';
import { cliReference } from '../../scripts/cli-reference.js';

it.each([
  ['settings.md', settingsReference],
  ['limits.md', limitsReference],
])('docs/reference/%s is what `npm run gen:cli-docs` makes', (name, make) => {
  expect(readFileSync(join(packageRoot, 'docs', 'reference', name), 'utf8')).toBe(make());
});

it('docs/reference/cli.md is what `npm run gen:cli-docs` makes', async () => {
  const page = readFileSync(join(packageRoot, 'docs', 'reference', 'cli.md'), 'utf8');
  expect(page).toBe(await cliReference());
});

it('documents every command', async () => {
  const page = await cliReference();
  for (const name of [
    'generate',
    'denoise',
    'worker',
    'serve',
    'status',
    'jobs',
    'cancel',
    'plan',
    'bench',
    'demo',
    'setup',
    'doctor',
  ])
    expect(page).toContain(`## asyncdiff ${name}\n`);
});
