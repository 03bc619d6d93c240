// Loaded before a worker: it takes itself for one on a host of its own, so that its weights are sent and its links measured.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) =>
  path === BOOT_ID ? (process.env.ASYNCDIFF_CHAOS_HOST ?? '') : read(path, ...rest);
syncBuiltinESMExports();
