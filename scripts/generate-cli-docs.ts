import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../common/package.js';
import { cliReference } from './cli-reference.js';

writeFileSync(join(packageRoot, 'docs', 'reference', 'cli.md'), await cliReference());
