import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../common/package.js';

/** Kinds that we use: class with a schema made from Kubernetes' OpenAPI document, and where its type lives. */
const KINDS = {
  ConfigMap: { model: ConfigMap, module: 'v1' },
  Service: { model: Service, module: 'v1' },
  Deployment: { model: Deployment, module: 'apps/v1' },
  StatefulSet: { model: StatefulSet, module: 'apps/v1' },
  NetworkPolicy: { model: NetworkPolicy, module: 'networking.k8s.io/v1' },
} as const;

export interface Container {
  readonly args: string[];
  readonly env: { name: string; value?: string }[];
  readonly ports: { name: string; containerPort: number }[];
  readonly startupProbe: { grpc: { port: number } };
  readonly readinessProbe: { grpc: { port: number } };
  readonly livenessProbe: { grpc: { port: number }; periodSeconds: number; failureThreshold: number };
  readonly resources: { limits: Record<string, unknown>; requests: Record<string, unknown> };
}
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: keyof typeof KINDS;
  readonly metadata: { name: string };
  readonly data?: Record<string, string>;
  readonly spec?: {
    selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
    serviceName?: string;
    clusterIP?: string;
    template?: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; terminationGracePeriodSeconds: number };
    };
  };
}

/** Documents of a YAML file; fails the test on errors and warnings. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    expect(document.warnings).toEqual([]);
    return document.toJS() as Manifest;
  });
}

/** Messages of the official schemas. They let unknown fields pass, which `unknownFields` finds. */
export function schemaErrors(manifest: Manifest): string {
  const { model } = KINDS[manifest.kind];
  try {
    new model(manifest as never).validate();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** What the TypeScript compiler says to the manifests as literals of the types made from the same OpenAPI document. */
export function unknownFields(manifests: readonly Manifest[]): string {
  // Inside of the repository, so that the package is found; `out` is not tracked.
  mkdirSync(join(packageRoot, 'out'), { recursive: true });
  const folder = mkdtempSync(join(packageRoot, 'out/test-kubernetes-'));
  try {
    const lines = Object.entries(KINDS).map(
      ([kind, { module }]) => `import type { I${kind} } from 'kubernetes-models/${module}';`,
    );
    for (const [index, manifest] of manifests.entries()) {
      lines.push(`export const m${index}: I${manifest.kind} = ${JSON.stringify(manifest, undefined, 2)};`);
    }
    const file = join(folder, 'manifests.ts');
    writeFileSync(file, lines.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023'];
    const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc');
    return spawnSync(process.execPath, [tsc, '--ignoreConfig', ...options, file], {
      encoding: 'utf8',
      cwd: folder,
    }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
