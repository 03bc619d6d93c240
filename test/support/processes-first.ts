import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose tests start processes: minutes, where the others take seconds. */
const SLOW = /\/test\/(e2e|examples|package|multihost|cli\/bench|launch)\//;

/** Files that start processes first, so that none of them begins when the others have ended; among these the largest. */
export class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification): boolean => SLOW.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
