import { afterAll, afterEach } from 'vitest';
import { endChildren } from './child.js';
import { removeTempFolders } from './temp-folder.js';

// A process runs one file after another: the next one finds what this one found.
const environment = { ...process.env };

afterEach(removeTempFolders);
afterAll(() => {
  endChildren();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});
