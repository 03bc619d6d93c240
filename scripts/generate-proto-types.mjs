// Writes transport/gen/ from proto/. The options must equal those of transport/service.ts.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'transport', 'gen');
rmSync(out, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [
    join(root, 'node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js'),
    '--longs=Number',
    '--enums=String',
    '--defaults',
    '--oneofs',
    '--arrays',
    '--objects',
    '--includeComments',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.js',
    `--outDir=${out}`,
    'asyncdiff/v1/coordinator.proto',
    'asyncdiff/v1/worker.proto',
    // Last: it takes every argument that follows.
    `--includeDirs=${join(root, 'proto')}`,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
