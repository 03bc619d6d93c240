import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { loadSecurity } from '../../rpc/index.js';
import { startServer } from '../../rpc/server/index.js';
import { TestAuthority, tlsFlags } from '../support/certificates.js';
import type { CliProcess } from '../support/child.js';
import { failureOf } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { writeSmallFiles } from '../support/small-predictor.js';
import { TlsSetting } from '../support/tls-setting.js';

let setting: TlsSetting;
let authority: TestAuthority;
/** A coordinator that asks for certificates. */
let secure: CliProcess & { address: string };

beforeAll(async () => {
  setting = await TlsSetting.make();
  ({ authority } = setting);
  secure = await setting.serve();
});
afterAll(() => setting?.remove());

const tls = (name: string): string[] => setting.flags(name);

describe('a link that cannot be trusted says why', () => {
  it('plain text on one side', async () => {
    const plain = await setting.serve([]);
    const files = await writeSmallFiles(setting.folder);
    expect(failureOf(await setting.status(secure.address, []))).toMatchObject({
      exitCode: 3,
      code: 'tls_failed',
      message: `${secure.address} speaks TLS, this side does not`,
      hint: expect.stringContaining('--tls-ca ca.crt'),
    });
    expect(failureOf(await setting.status(plain.address, tls('client')))).toMatchObject({
      exitCode: 3,
      code: 'tls_failed',
      message: `${plain.address} does not speak TLS, this side does`,
      hint: expect.stringContaining('--tls-cert and --tls-key'),
    });
    // Also jobs, and workers: they say it once and go on trying, for the other side may be the one to mend.
    const out = ['--out', join(setting.folder, 'out.npy'), '--quiet'];
    const job = ['denoise', ...files.flags, '--num-inference-steps', '8', ...out];
    expect(failureOf(await runHere([...job, '--coordinator', secure.address]))).toMatchObject({
      code: 'tls_failed',
    });
    const lost = setting.worker(['--join', secure.address]);
    await lost.until(() => lost.stderr.includes('speaks TLS, this side does not'), 'say so');
    await secure.until(() => secure.stderr.includes('it does not speak TLS'), 'log who came in plain text');
    expect(secure.stderr).toContain('"peer":"127.0.0.1"');
  });

  it('a certificate that is not shown, is of another CA, or has expired meanwhile', async () => {
    const { address } = secure;
    const [, ca = ''] = tls('client');
    expect(failureOf(await setting.status(address, ['--tls-ca', ca]))).toMatchObject({
      code: 'tls_failed',
      message: `${address} asks for a certificate, this side has none`,
      hint: expect.stringContaining('--tls-cert HOST.crt --tls-key HOST.key'),
    });
    const stranger = tlsFlags(authority, await (await TestAuthority.make()).host('stranger'), setting.folder);
    expect(failureOf(await setting.status(address, stranger))).toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(
        /does not take this side's certificate \(CN=stranger, issued by CN=asyncdiff development CA \w+\)/,
      ),
      hint: expect.stringContaining('CA in its own --tls-ca'),
    });
    const expired = new AsyncDiffClient(address, {
      security: authority.security(await authority.expired('old')),
    });
    await expect(expired.status()).rejects.toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(
        /does not take this side's certificate \(CN=old\): it expired on \d{4}-\d\d-\d\dT/,
      ),
    });
    expired.close();
  });

  it.each([
    [
      'that has expired',
      () => authority.expired('old'),
      /^the certificate of 127\.0\.0\.1:\d+ expired on \d{4}-\d\d-\d\dT/,
      /asyncdiff certs/,
    ],
    [
      'for another host',
      () => authority.host('elsewhere', ['elsewhere', '10.9.9.9']),
      /^the certificate of 127\.0\.0\.1:\d+ is for DNS:elsewhere, IP Address:10\.9\.9\.9, not for 127\.0\.0\.1$/,
      /--hosts NAME=ADDRESS/,
    ],
    [
      'of a CA that this side does not know',
      async () => (await TestAuthority.make()).host('other'),
      /^the certificate of 127\.0\.0\.1:\d+ comes from a CA that this side does not know: CN=asyncdiff development CA \w+$/,
      /--tls-ca/,
    ],
  ])('a server with a certificate %s', async (_what, make, message, hint) => {
    const server = await startServer({
      listen: '127.0.0.1:0',
      services: [],
      security: authority.security(await make()),
    });
    try {
      expect(failureOf(await setting.status(server.address, tls('client')))).toMatchObject({
        exitCode: 3,
        code: 'tls_failed',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
    } finally {
      await server.close();
    }
  });

  it('files that do not fit, before anything is opened', async () => {
    const [, ca = '', , cert = '', , key = ''] = tls('client');
    const start = async (extra: readonly string[]) =>
      failureOf(await runHere(['serve', '--listen', '127.0.0.1:0', ...extra]));
    expect(await start(['--tls-cert', cert])).toMatchObject({
      code: 'invalid_settings',
      message: '--tls-cert is given without --tls-key',
    });
    expect(await start(['--tls-ca', ca])).toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('serves others without a certificate'),
    });
    expect(await start(['--tls-cert', cert, '--tls-key', tls('w1')[5] as string])).toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(/is not the key of the certificate/),
    });
    expect(await start(['--tls-cert', key, '--tls-key', key])).toMatchObject({
      code: 'file_unreadable',
      message: expect.stringContaining('does not hold a certificate in PEM form'),
    });
    expect(await start(['--tls-cert', 'nowhere.crt', '--tls-key', key])).toMatchObject({
      code: 'file_not_found',
      message: 'there is no file nowhere.crt',
    });
    expect(await start(tlsFlags(authority, await authority.expired('old'), setting.folder))).toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(/host\.crt expired on \d{4}/),
    });
    await expect(loadSecurity({})).resolves.toEqual({});
  });

  it('hosts that are none', async () => {
    const certs = async (hosts: string) =>
      failureOf(await runHere(['certs', join(setting.folder, 'bad'), '--hosts', hosts]));
    expect(await certs('a,../b')).toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: expect.stringContaining("'../b' is neither"),
    });
    expect(await certs('ca')).toMatchObject({ code: 'usage' });
    expect(await certs('a,a')).toMatchObject({ code: 'usage', message: '--hosts: a stands there twice' });
    expect(await certs(',')).toMatchObject({ code: 'usage' });
  });
});
