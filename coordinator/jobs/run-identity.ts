import { packageVersion } from '../../common/package.js';
import { describeRuntimes, type RunIdentity } from '../../execution/index.js';
import type { Deployment } from '../deployment/index.js';

/** What decides the bits of a job on this deployment. */
export function runIdentity(deployment: Deployment, inputsSha256: string): RunIdentity {
  const { plan } = deployment;
  return {
    version: packageVersion,
    predictorId: plan.predictorId,
    programId: plan.programId,
    inputsSha256,
    runtimes: plan.placement.map((holders) =>
      describeRuntimes(holders.flatMap((id) => deployment.worker(id)?.facts ?? [])),
    ),
  };
}
