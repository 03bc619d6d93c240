import { access, constants } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { makeFolder } from '../common/make-folder.js';
import { packageVersion } from '../common/package.js';
import { loadOrt, probeDevice } from '../execution/index.js';
import { defaultCacheDir } from '../worker/artifacts/index.js';
import { startServer } from '../rpc/server/index.js';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint?: string;
}

const MIN_NODE = [20, 19] as const;

/** Everything that `asyncdiff doctor` looks at. A device counts as working only if it has opened a real model. */
export async function runChecks(): Promise<Check[]> {
  return [
    nodeCheck(),
    { name: 'asyncdiff', ok: true, detail: packageVersion },
    { name: 'cores', ok: true, detail: String(availableParallelism()) },
    ...(await runtimeChecks()),
    await cacheCheck(),
    await portCheck(),
  ];
}

async function runtimeChecks(): Promise<Check[]> {
  const name = 'onnxruntime';
  try {
    const ort = await loadOrt();
    const names = ort.listSupportedBackends().map((backend) => backend.name);
    if (!names.includes('cuda') && process.platform === 'linux') names.push('cuda');
    const checks: Check[] = [{ name, ok: true, detail: ort.env.versions.node ?? 'unknown' }];
    for (const device of names) checks.push(await deviceCheck(device));
    return checks;
  } catch (error) {
    const { rawMessage, hint } = AsyncDiffError.from(error);
    return [{ name, ok: false, detail: rawMessage, hint }];
  }
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return {
    name: 'node',
    ok,
    detail: process.version,
    hint: `asyncdiff needs Node ${MIN_NODE.join('.')} or later`,
  };
}

async function deviceCheck(device: string): Promise<Check> {
  const name = `device ${device}`;
  try {
    await probeDevice(device, device);
    return { name, ok: true, detail: 'opened a model' };
  } catch (error) {
    const { rawMessage, hint } = AsyncDiffError.from(error);
    return { name, ok: false, detail: rawMessage.replace(`${name}: `, ''), hint };
  }
}

async function cacheCheck(): Promise<Check> {
  const folder = dirname(defaultCacheDir());
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
    return { name: 'cache', ok: true, detail: folder };
  } catch (error) {
    return {
      name: 'cache',
      ok: false,
      detail: `${folder}: ${String(error)}`,
      hint: 'Give worker and serve another folder with --cache DIR.',
    };
  }
}

async function portCheck(): Promise<Check> {
  try {
    const server = await startServer({ listen: '127.0.0.1:0', services: [] });
    await server.close();
    return { name: 'gRPC', ok: true, detail: `listened at ${server.address}` };
  } catch (error) {
    return {
      name: 'gRPC',
      ok: false,
      detail: AsyncDiffError.from(error).rawMessage,
      hint: AsyncDiffError.from(error).hint,
    };
  }
}
