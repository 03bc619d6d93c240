/** Writes execution/declared/profiles/*.json and the tables of docs/reference/declared-devices.md: `npm run gen:profiles`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/package.js';
import { ARCHITECTURES, type ArchitectureName } from './unet-config.js';
import { deviceReport } from './report.js';
import { formatProfile } from '../../execution/declared/index.js';
import { makePublishedProfile } from './make-profile.js';

for (const name of Object.keys(ARCHITECTURES) as ArchitectureName[]) {
  const profile = makePublishedProfile(name);
  writeFileSync(
    join(packageRoot, 'execution', 'declared', 'profiles', `${profile.name}.json`),
    formatProfile(profile),
  );
}

const START = '<!-- made by npm run gen:profiles -->';
const END = '<!-- end -->';
const page = join(packageRoot, 'docs', 'reference', 'declared-devices.md');
const text = readFileSync(page, 'utf8');
const [before] = text.split(START);
const [, after] = text.split(END);
writeFileSync(page, `${before}${START}\n${deviceReport()}\n${END}${after}`);
