import { generateKeyPair, randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { AsyncDiffError } from '../common/errors/index.js';

const KEY_BITS = 2048;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** Certificates are valid from so long before they are made: clocks differ. */
const BACKDATE_MS = 3_600_000;
/** A process reaches its own host by these, and so may any host's certificate say. */
const LOCAL = ['localhost', '127.0.0.1', '::1'];
/** Kinds of names in a certificate (RFC 5280, GeneralName). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** A certificate and its key, PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** A host that gets a certificate. */
interface CertifiedHost {
  /** What its files are called. */
  readonly name: string;
  /** Every name and IP address that its certificate is for. */
  readonly names: readonly string[];
}

/**
 * `NAME` or `NAME=ADDRESS=ADDRESS`: other names and IP addresses of that host follow its name. What the name resolves to here is added, for
 * workers tell each other IP addresses.
 *
 * @throws AsyncDiffError `usage`
 */
export async function parseHost(text: string): Promise<CertifiedHost> {
  const given = text.split('=').map((part) => part.trim());
  for (const name of given) {
    if (
      isIP(name) === 0 &&
      !/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(
        name,
      )
    ) {
      throw new AsyncDiffError(
        'usage',
        `--hosts: '${text}' is not a host: '${name}' is neither a host name nor an IP address`,
        {
          hint: 'Write --hosts NAME,NAME; other names and addresses of a host follow it: gpu1=10.0.0.11=gpu1.lan.',
        },
      );
    }
  }
  const [name = ''] = given;
  if (name === 'ca') {
    throw new AsyncDiffError(
      'usage',
      "--hosts: a host cannot be called 'ca': that is the name of the CA's files",
      {
        hint: 'Give it another name and this one after it: host=ca.',
      },
    );
  }
  const resolved = isIP(name) === 0 ? await lookup(name, { all: true }).catch(() => []) : [];
  const names = new Set([...given, ...resolved.map(({ address }) => address), ...LOCAL]);
  return { name: name.replaceAll(':', '_'), names: [...names] };
}

/** A new CA. Whoever has its key can make certificates for every host: it is for the machine that makes them, and for no other. */
export async function makeCa(): Promise<PemPair> {
  const keys = await makeKeys();
  // Two CAs are not to be taken for each other.
  const subject = [
    { name: 'commonName', value: `asyncdiff development CA ${randomBytes(4).toString('hex')}` },
  ];
  const certificate = blank(keys.publicKey, CA_DAYS);
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return sign(certificate, keys.privateKey, keys.pem);
}

/** A certificate of that CA for a host, to serve with and to show where one is asked for. */
export async function makeHostCertificate(ca: PemPair, host: CertifiedHost, days: number): Promise<PemPair> {
  const keys = await makeKeys();
  const issuer = forge.pki.certificateFromPem(ca.certificate);
  const certificate = blank(keys.publicKey, days);
  certificate.setSubject([{ name: 'commonName', value: host.name.slice(0, 64) }]);
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    {
      name: 'subjectAltName',
      altNames: host.names.map((name) =>
        isIP(name) === 0 ? { type: DNS_NAME, value: name } : { type: IP_ADDRESS, ip: name },
      ),
    },
  ]);
  return sign(certificate, forge.pki.privateKeyFromPem(ca.key), keys.pem);
}

interface Keys {
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  /** The private key as it is stored. */
  readonly pem: string;
}

/** By Node's own OpenSSL: forge only writes the certificate. */
async function makeKeys(): Promise<Keys> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS });
  return {
    publicKey: forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string),
    privateKey: forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }) as string),
    pem: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  };
}

function blank(publicKey: forge.pki.rsa.PublicKey, days: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // Positive, and not zero: RFC 5280, 4.1.2.2.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  const nowMs = Date.now();
  certificate.validity.notBefore = new Date(nowMs - BACKDATE_MS);
  certificate.validity.notAfter = new Date(nowMs + days * DAY_MS);
  return certificate;
}

function sign(certificate: forge.pki.Certificate, key: forge.pki.rsa.PrivateKey, keyPem: string): PemPair {
  certificate.sign(key, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n'), key: keyPem };
}
