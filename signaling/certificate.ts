import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Apple's systems refuse more than 825 days, and what is public nowadays has at most 398. */
const VALID_DAYS = 365;
/** A server may run for some days: what would end meanwhile is renewed when it starts. */
export const RENEW_DAYS = 14;
/** The clock of another device may be behind. */
const BACKDATED_DAYS = 1;

export interface Certificate {
  /** Both in PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256, as browsers show it. */
  readonly fingerprint: string;
  /** Why it was made just now; null: it was there. */
  readonly madeBecause: string | null;
}

export interface CertificateStore {
  readonly directory: string;
  readonly nowMs: number;
}

/**
 * A self-signed certificate for all of `names` (host names and addresses): the one that is kept in the
 * directory as long as it serves, since every browser asks its user about each new one.
 */
export async function certificateFor(
  names: readonly string[],
  { directory, nowMs }: CertificateStore,
): Promise<Certificate> {
  const files = { cert: join(directory, 'certificate.pem'), key: join(directory, 'private-key.pem') };
  const kept = await readPair(files);
  const madeBecause = kept === null ? 'there was none' : defectOf(kept, names, nowMs);
  if (kept !== null && madeBecause === null) {
    await chmod(files.key, 0o600); // a copy or a restored backup may have opened it up
    return { ...kept, fingerprint: fingerprintOf(kept.cert), madeBecause };
  }
  const made = await generatePair(names, nowMs);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(files.key, made.key, 0o600);
  await replaceFile(files.cert, made.cert, 0o644);
  return { ...made, fingerprint: fingerprintOf(made.cert), madeBecause };
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function readPair(files: Pair): Promise<Pair | null> {
  try {
    return { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Why the pair cannot be used, as the end of a sentence; null: it can. */
function defectOf({ cert, key }: Pair, names: readonly string[], nowMs: number): string | null {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return 'the last one is of another key';
  } catch {
    return 'the last one is damaged'; // which of the two files, and where, helps nobody
  }
  if (Date.parse(certificate.validFrom) > nowMs) return 'the last one is not valid yet';
  if (Date.parse(certificate.validTo) < nowMs + RENEW_DAYS * DAY_MS)
    return `the last one ends on ${certificate.validTo}`;
  const missing = names.filter((name) => !covers(certificate, name));
  return missing.length === 0 ? null : `the last one is not for ${missing.join(', ')}`;
}

function covers(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: 'never' }) !== undefined;
}

async function generatePair(names: readonly string[], nowMs: number): Promise<Pair> {
  // Loaded only here: most starts find a certificate.
  const { generate } = await import('selfsigned');
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'tabraft' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - BACKDATED_DAYS * DAY_MS),
    notAfterDate: new Date(nowMs + VALID_DAYS * DAY_MS),
    extensions: [
      // Of no authority: whoever gets hold of the key can still not vouch for another site.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(alternativeName) },
    ],
  });
  return { cert, key };
}

function alternativeName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}

/** All or nothing, and with its mode from the first byte on. */
async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, text, { mode });
  await chmod(temporary, mode); // one that an interrupted run left keeps its own
  await rename(temporary, file);
}

function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}
