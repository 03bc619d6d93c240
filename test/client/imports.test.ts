import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { importClosure } from '../support/import-closure.js';

/** Files of ours that `import 'asyncdiff'` may load. */
const MAX_CLIENT_FILES = 35;
const GRPC = ['@grpc/grpc-js', 'protobufjs'];

function external(packages: readonly string[]): string[] {
  return packages.filter((name) => !name.startsWith('node:'));
}

describe('the client is only a client', () => {
  it(`import 'asyncdiff' loads at most ${MAX_CLIENT_FILES} files, of client, rpc and common, and gRPC`, () => {
    const { files, packages } = importClosure('dist/client/index.js');
    expect(files.length).toBeLessThanOrEqual(MAX_CLIENT_FILES);
    expect(files.filter((file) => !/^dist\/(client|rpc|common)\//.test(file))).toEqual([]);
    expect(files.filter((file) => /\/(server|streams|local)\//.test(file))).toEqual([]);
    expect(external(packages)).toEqual(GRPC);
  });

  it('importing it leaves the host program alone: no native addon, no listener, no timer, no environment', () => {
    const code = `
      const before = JSON.stringify([process.env, process.eventNames()]);
      await import('asyncdiff');
      const { sharedObjects } = process.report.getReport();
      console.log(JSON.stringify({
        same: before === JSON.stringify([process.env, process.eventNames()]),
        resources: process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|TTYWrap|FSReqPromise|CloseReq|FileHandle)/.test(name)),
        addons: sharedObjects.filter((path) => path.includes('node_modules')),
      }));`;
    const text = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: packageRoot,
      encoding: 'utf8',
    });
    expect(JSON.parse(text)).toEqual({ same: true, resources: [], addons: [] });
  });

  it('the command line starts without gRPC, and `status` and `generate --coordinator` without a server', () => {
    expect(external(importClosure('dist/cli/main.js').packages)).toEqual(['commander']);
    for (const name of ['status', 'generate']) {
      const { files } = importClosure(`dist/cli/commands/${name}.js`);
      expect(files.filter((file) => /^dist\/(coordinator|worker|planner|execution)\//.test(file))).toEqual(
        [],
      );
    }
  });

  it("a process loads what it needs: no sampler beside a worker's inference thread, no gRPC in it, Prometheus where it is asked for", () => {
    const worker = importClosure('dist/cli/commands/worker.js');
    const serve = importClosure('dist/cli/commands/serve.js');
    expect(worker.files.filter((file) => /^dist\/(samplers|planner|coordinator)\//.test(file))).toEqual([]);
    expect(worker.packages).not.toContain('zod');
    expect(importClosure('dist/worker/inference/inference-thread.js').packages).not.toContain(
      '@grpc/grpc-js',
    );
    const onUse = ['prom-client', '@grpc/reflection', '@grpc/proto-loader', 'grpc-health-check'];
    expect([...worker.packages, ...serve.packages].filter((name) => onUse.includes(name))).toEqual([]);
  });

  it('nothing needs ONNX Runtime to be imported', () => {
    const commands = readdirSync(join(packageRoot, 'dist', 'cli', 'commands'))
      .filter((name) => name.endsWith('.js'))
      .map((name) => `dist/cli/commands/${name}`);
    const ownProcesses = ['planner/planning-process', 'worker/inference/inference-thread'];
    const entries = [
      ...commands,
      ...ownProcesses.map((name) => `dist/${name}.js`),
      'dist/client/local/index.js',
      'dist/coordinator/start-coordinator.js',
      'dist/worker/start-worker.js',
    ];
    const wrong = entries.filter((entry) => importClosure(entry).packages.includes('onnxruntime-node'));
    expect(wrong).toEqual([]);
  });
});
