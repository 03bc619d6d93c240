import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { AsyncDiffError, ERRORS, type ErrorCode } from '../../common/errors/index.js';
import { packageRoot } from '../../common/package.js';
import { fromServiceError, toServiceError } from '../../rpc/index.js';

const codes = Object.keys(ERRORS) as ErrorCode[];
const page = readFileSync(join(packageRoot, 'docs', 'reference', 'errors.md'), 'utf8');
const sections = new Map(
  page
    .split('\n## ')
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

describe('docs/reference/errors.md', () => {
  it.each(codes)('has a section for %s with its status, its exit code and what to do', (code) => {
    const { grpcStatus, exitCode, retryable } = ERRORS[code];
    expect(sections.get(code)).toContain(
      `gRPC \`${grpcStatus}\`, exit code ${exitCode}, retryable: ${retryable ? 'yes' : 'no'}.`,
    );
    expect(sections.get(code)).toContain('**What to do:**');
  });

  it('has no section for anything else', () => {
    expect([...sections.keys()].sort()).toEqual([...codes].sort());
  });
});

describe('AsyncDiffError', () => {
  it.each(codes)('%s crosses gRPC with its code, text and hint', (code) => {
    const error = new AsyncDiffError(code, 'what happened: “ünïcode”', { hint: 'do this — then that' });
    const sent = toServiceError(error);
    expect(sent.code).toBe(status[ERRORS[code].grpcStatus]);
    const received = Object.assign(new Error('wire'), sent) as ServiceError;
    expect(fromServiceError(received)).toMatchObject({
      code,
      rawMessage: 'what happened: “ünïcode”',
      hint: 'do this — then that',
      message: `[${code}] what happened: “ünïcode”`,
    });
  });

  it('is made of anything that is thrown', () => {
    const own = new AsyncDiffError('usage', 'x');
    expect(AsyncDiffError.from(own)).toBe(own);
    expect(AsyncDiffError.from('text')).toMatchObject({ code: 'internal', rawMessage: 'text' });
    expect(AsyncDiffError.from(new Error('e'), 'worker_failed')).toMatchObject({ code: 'worker_failed' });
    expect(AsyncDiffError.from(new DOMException('stop', 'AbortError'))).toMatchObject({ code: 'cancelled' });
    expect(
      AsyncDiffError.from(AbortSignal.timeout(0).reason ?? new DOMException('t', 'TimeoutError')),
    ).toMatchObject({ code: 'deadline_exceeded' });
    const foreign = (code: status): ServiceError =>
      Object.assign(new Error('foreign'), { code, details: 'foreign', metadata: new Metadata() });
    expect(fromServiceError(foreign(status.RESOURCE_EXHAUSTED))).toMatchObject({
      code: 'message_too_large',
    });
    expect(fromServiceError(foreign(status.UNKNOWN))).toMatchObject({ code: 'internal' });
  });
});
