// Writes rpc/gen/ from proto/. The options must equal those of rpc/service.ts.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'rpc', 'gen');
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

// The generator writes this machine's own path into each file; the output must be the same on every one.
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.parentPath, entry.name);
  const text = readFileSync(file, 'utf8');
  const clean = text.replaceAll(`// Original file: ${root}/`, '// Original file: ');
  if (clean !== text) writeFileSync(file, clean);
}
