import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../common/package.js';
import { cliReference } from './cli-reference.js';
import { familyReference } from './family-reference.js';
import { limitsReference, settingsReference } from './settings-reference.js';

const folder = join(packageRoot, 'docs', 'reference');
writeFileSync(join(folder, 'cli.md'), await cliReference());
writeFileSync(join(folder, 'settings.md'), settingsReference());
writeFileSync(join(folder, 'limits.md'), limitsReference());
writeFileSync(join(folder, 'families.md'), await familyReference());
