#!/usr/bin/env node
/** Makes a device profile from one measured time: `npm run profile -- --architecture sdxl --step-ms 138 --device "RTX 4090" --out my.json`. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AsyncDiffError, EXIT } from '../../common/errors/index.js';
import { ARCHITECTURES, type ArchitectureName } from './unet-config.js';
import { formatProfile } from '../../execution/declared/index.js';
import { makeProfile } from './make-profile.js';

interface ProfileOptions {
  architecture: ArchitectureName;
  stepMs: number;
  device: string;
  out: string;
  name?: string;
  height?: number;
  width?: number;
  timeDilation?: number;
  source?: string;
}

function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Not a number.');
  return value;
}

const program = new Command('profile')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage))
  .description('Make a device profile for `asyncdiff bench --device declared:PROFILE.json`.')
  .addOption(
    new Option('--architecture <name>', 'noise predictor')
      .choices(Object.keys(ARCHITECTURES))
      .makeOptionMandatory(),
  )
  .requiredOption('--step-ms <ms>', 'measured time of one predictor run with guidance (batch 2)', toNumber)
  .requiredOption('--device <name>', 'the GPU, e.g. "RTX 4090"')
  .requiredOption('--out <file>', 'profile to write')
  .option('--name <name>', 'name of the profile (default: from device and architecture)')
  .option('--height <pixels>', "image height (default: the architecture's own)", toNumber)
  .option('--width <pixels>', "image width (default: the architecture's own)", toNumber)
  .option('--time-dilation <factor>', 'workers take declared times multiplied by this (default: 1)', toNumber)
  .option('--source <text>', 'where the time comes from')
  .action(({ out, ...settings }: ProfileOptions) => {
    const profile = makeProfile(settings);
    writeFileSync(out, formatProfile(profile));
    process.stdout.write(`${out}\n`);
  });

try {
  program.parse();
} catch (error) {
  const own = AsyncDiffError.from(error, 'file_unreadable');
  process.stderr.write(`error: ${own.message}\n${own.hint}\n`);
  process.exitCode = own.exitCode;
}
