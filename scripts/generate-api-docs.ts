import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../common/package.js';
import { apiReference } from './api-reference.js';

writeFileSync(join(packageRoot, 'docs', 'reference', 'api.md'), apiReference());
