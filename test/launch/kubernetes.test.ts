import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Container,
  type Manifest,
  parseManifests,
  schemaErrors,
  unknownFields,
} from '../support/kubernetes.js';
import { cliFlags, cliVariables, isInstalled, launchDir, launchFile, runScript } from '../support/launch.js';

const ROOT = join(launchDir, 'kubernetes');

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => relative(ROOT, join(folder, name)))
    .sort();
}

function render(folder: string): Manifest[] {
  const { code, stdout, stderr } = runScript('kubectl', ['kustomize', join(ROOT, folder)]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return parseManifests(stdout);
}

function workload(manifests: readonly Manifest[], name: string): Container {
  const found = manifests.find(
    ({ metadata, spec }) => metadata.name === name && spec?.template !== undefined,
  );
  return found?.spec?.template?.spec.containers[0] as Container;
}

const BASE = ['config', 'coordinator', 'worker', 'network-policy'];
const baseManifests = (): Manifest[] =>
  BASE.flatMap((name) => parseManifests(launchFile(`kubernetes/base/${name}.yaml`)));

describe('kubernetes files', () => {
  it.each(filesUnder(ROOT))('%s is YAML', (file) => {
    expect(parseManifests(launchFile(`kubernetes/${file}`)).length).toBeGreaterThan(0);
  });

  it('the base names every file beside it', () => {
    const kustomization = parseManifests(launchFile('kubernetes/base/kustomization.yaml'))[0] as unknown as {
      resources: string[];
    };
    expect(kustomization.resources.toSorted()).toEqual(
      filesUnder(join(ROOT, 'base'))
        .map((file) => file.replace('base/', ''))
        .filter((file) => file !== 'kustomization.yaml'),
    );
  });

  it.each(
    baseManifests().map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const),
  )('%s fits the schema of the Kubernetes API', (_name, manifest) => {
    expect(schemaErrors(manifest)).toBe('');
  });

  it('have no field that the Kubernetes API does not know', () => {
    expect(unknownFields(baseManifests())).toBe('');
  });

  it('the two checks find what is wrong', () => {
    const wrong = structuredClone(baseManifests()[1]) as Manifest;
    const container = workload([wrong], 'asyncdiff-coordinator');
    (container.readinessProbe.grpc as { port: unknown }).port = 'grpc';
    expect(schemaErrors(wrong)).toContain('readinessProbe/grpc/port must be integer');
    const unknown = structuredClone(baseManifests()[1]) as Manifest;
    Object.assign(workload([unknown], 'asyncdiff-coordinator'), { readynessProbe: {} });
    expect(schemaErrors(unknown)).toBe('');
    expect(unknownFields([unknown])).toContain('readynessProbe');
  });
});

describe('the base', () => {
  const manifests = baseManifests();
  const graceMs = Number(manifests[0]?.data?.['ASYNCDIFF_GRACE_MS']);

  it.each([
    ['asyncdiff-coordinator', 'serve'],
    ['asyncdiff-worker', 'worker'],
  ] as const)('%s runs with flags and variables that the command line has', (name, command) => {
    const { args, env } = workload(manifests, name);
    expect(args[0]).toBe(command);
    for (const argument of args.slice(1))
      expect(cliFlags(command)).toContain(argument.slice(0, argument.indexOf('=')));
    const variables = [...env.map((variable) => variable.name), ...Object.keys(manifests[0]?.data ?? {})];
    for (const variable of variables.filter((text) => text.startsWith('ASYNCDIFF_')))
      expect(cliVariables(command)).toContain(variable);
  });

  it.each(['asyncdiff-coordinator', 'asyncdiff-worker'])(
    '%s is probed at the port that it listens at',
    (name) => {
      const container = workload(manifests, name);
      const listen = container.args.find((argument) => argument.startsWith('--listen='));
      const port = Number(listen?.split(':').at(-1));
      expect(container.ports).toContainEqual({ name: 'grpc', containerPort: port });
      expect(container.startupProbe.grpc.port).toBe(port);
      expect(container.readinessProbe.grpc.port).toBe(port);
      expect(container.livenessProbe.grpc.port).toBe(port);
    },
  );

  it.each(['asyncdiff-coordinator', 'asyncdiff-worker'])('%s has time to drain', (name) => {
    const spec = manifests.find(({ metadata, spec: s }) => metadata.name === name && s?.template)?.spec;
    const seconds = spec?.template?.spec.terminationGracePeriodSeconds ?? 0;
    expect(seconds * 1000).toBeGreaterThan(graceMs);
    // A draining process is NOT_SERVING: liveness must not kill it before its time is over.
    const { livenessProbe } = workload(manifests, name);
    expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).toBeGreaterThan(seconds);
  });

  it('workers advertise names of the headless service', () => {
    const headless = manifests.find(({ kind, spec }) => kind === 'Service' && spec?.clusterIP === 'None');
    const set = manifests.find(({ kind }) => kind === 'StatefulSet');
    expect(set?.spec?.serviceName).toBe(headless?.metadata.name);
    const { args } = workload(manifests, 'asyncdiff-worker');
    expect(args).toContain(`--advertise=$(POD_NAME).${headless?.metadata.name}:50052`);
    expect(args).toContain('--join=asyncdiff-coordinator:50051');
  });
});

describe('kubectl kustomize', () => {
  // The files themselves are checked above in any case.
  const missing = 'kubectl is not installed: the rendered manifests were not checked';

  it.for(['base', 'overlays/gpu'])('renders %s to objects that fit the schema', (folder, context) => {
    if (!isInstalled('kubectl')) context.skip(missing);
    const manifests = render(folder);
    for (const manifest of manifests) expect(schemaErrors(manifest)).toBe('');
    expect(unknownFields(manifests)).toBe('');
    for (const { spec } of manifests.filter(({ spec: s }) => s?.template !== undefined))
      expect(spec?.template?.metadata.labels).toMatchObject(spec?.selector?.matchLabels ?? { none: '' });
  });

  it('the GPU overlay gives every worker one GPU, its own image, and changes nothing else', (context) => {
    if (!isInstalled('kubectl')) context.skip(missing);
    const worker = workload(render('overlays/gpu'), 'asyncdiff-worker') as Container & { image: string };
    expect(worker.resources.limits['nvidia.com/gpu']).toBe(1);
    expect(worker.resources.requests).toEqual({ cpu: '2', memory: '1Gi' });
    expect(worker.env).toContainEqual({ name: 'ASYNCDIFF_DEVICE', value: 'cuda:0' });
    expect(worker.args).toContain('--device=$(ASYNCDIFF_DEVICE)');
    expect(worker.image).toMatch(/^asyncdiff:.*-gpu$/);
    const { args } = workload(render('base'), 'asyncdiff-worker');
    expect(worker.args).toEqual(args);
  });
});
