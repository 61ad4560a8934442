import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Certificate, certificateFor, RENEW_DAYS } from '../../signaling/certificate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NAMES = ['localhost', '127.0.0.1', '::1', '192.168.1.7'];

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'tabraft-')), 'certificates');
});
afterEach(async () => {
  await rm(join(directory, '..'), { recursive: true });
});

const inDays = (days: number, names = NAMES): Promise<Certificate> =>
  certificateFor(names, { directory, nowMs: Date.now() + days * DAY_MS });

describe('the certificate', () => {
  test('is for every name it was asked for, and for nothing else', async () => {
    const certificate = new X509Certificate((await inDays(0)).cert);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(['127.0.0.1', '::1', '192.168.1.7'].map((ip) => certificate.checkIP(ip))).not.toContain(undefined);
    expect(certificate.checkHost('tabraft')).toBeUndefined();
    expect(certificate.checkIP('192.168.1.8')).toBeUndefined();
  });

  test('is one that browsers take: for servers, of no authority, for at most 398 days', async () => {
    const certificate = new X509Certificate((await inDays(0)).cert);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / DAY_MS;
    expect(days).toBeLessThan(398);
  });

  test('is kept with a key that only its owner reads, and nothing beside the two', async () => {
    await inDays(0);
    expect((await readdir(directory)).sort()).toEqual(['certificate.pem', 'private-key.pem']);
    const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;
    const key = join(directory, 'private-key.pem');
    expect([await modeOf(directory), await modeOf(key)]).toEqual([0o700, 0o600]);
    await chmod(key, 0o644);
    await inDays(0);
    expect(await modeOf(key)).toBe(0o600);
  });
});

describe('a certificate that was kept', () => {
  test('is used again, also for fewer names', async () => {
    const first = await inDays(0);
    expect(first.madeBecause).toBe('there was none');
    expect(await inDays(300)).toEqual({ ...first, madeBecause: null });
    expect((await inDays(0, ['localhost'])).cert).toBe(first.cert);
  });

  test('is replaced shortly before it ends, and where the clock was wrong', async () => {
    const first = await inDays(0);
    const last = await inDays(365 - RENEW_DAYS - 1);
    expect(last.cert).toBe(first.cert);
    const next = await inDays(365 - RENEW_DAYS + 1);
    expect(next.madeBecause).toMatch(/^the last one ends on /);
    expect(next.fingerprint).not.toBe(first.fingerprint);
    expect((await inDays(-10)).madeBecause).toBe('the last one is not valid yet');
  });

  test('is replaced where it is not for a name', async () => {
    await inDays(0);
    const next = await inDays(0, [...NAMES, '10.0.0.5', 'table.local']);
    expect(next.madeBecause).toBe('the last one is not for 10.0.0.5, table.local');
    expect((await inDays(0, ['table.local'])).madeBecause).toBeNull();
  });

  test.each([
    ['damaged', 'certificate.pem', 'nonsense', 'the last one is damaged'],
    ['without a key that can be read', 'private-key.pem', '', 'the last one is damaged'],
  ])('is replaced where it is %s', async (_name, file, text, reason) => {
    await inDays(0);
    await writeFile(join(directory, file), text);
    expect((await inDays(0)).madeBecause).toBe(reason);
    expect((await inDays(0)).madeBecause).toBeNull();
  });

  test('is replaced where the key is of another one, or gone', async () => {
    const { key } = await inDays(0);
    await rm(join(directory, 'private-key.pem'));
    expect((await inDays(0)).madeBecause).toBe('there was none');
    await writeFile(join(directory, 'private-key.pem'), key);
    expect((await inDays(0)).madeBecause).toBe('the last one is of another key');
    expect(await readFile(join(directory, 'private-key.pem'), 'utf8')).not.toBe(key);
  });

  test('is not made where it cannot be kept', async () => {
    await mkdir(join(directory, 'certificate.pem'), { recursive: true });
    await expect(inDays(0)).rejects.toThrow('EISDIR');
  });
});
