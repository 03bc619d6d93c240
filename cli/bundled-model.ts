import { join } from 'node:path';
import { packageRoot } from '../common/package.js';

/** Folder of the model that comes with asyncdiff: what is drawn with where nothing is said. */
export const BUNDLED_MODEL = join(packageRoot, 'models', 'emoji');
