import { createCipheriv, createDecipheriv } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createId,
  createSecret,
  deriveKeys,
  fragmentOf,
  parseFragment,
  seal,
  unseal,
  type ClusterKeys,
} from '../../src/mesh/secret.ts';

/** The bytes 0 to 15, and what RFC 5869 makes of them; computed by another implementation. */
const SECRET = 'AAECAwQFBgcICQoLDA0ODw';
const CLUSTER_ID = '1mNeqy1CKKSBbkj7MvKKMQ';
const SEAL_KEY = Buffer.from('2b81eed38d8b782fc033e27cd24ce26aa77986dc2ccde25f3cccd4121042c73a', 'hex');

const A_TO_B = { from: 'page-A', to: 'page-B' };

let keys: ClusterKeys;
beforeAll(async () => {
  keys = await deriveKeys(SECRET);
});

describe('what is derived from a secret', () => {
  it('is the same in every version: a link that was kept still leads to its cluster', () => {
    expect(keys).toMatchObject({ secret: SECRET, clusterId: CLUSTER_ID });
  });

  it('seals with a key that never leaves the browser', async () => {
    expect(keys.sealKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', keys.sealKey)).rejects.toThrow();
  });

  it('differs from secret to secret', async () => {
    const other = await deriveKeys('AAECAwQFBgcICQoLDA0OEA');
    expect(other.clusterId).not.toBe(CLUSTER_ID);
    expect(other.clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it.each(['', 'AAECAw', `${SECRET}AA`, 'AAECAwQFBgcICQoLDA0OD!', 'AAECAwQFBgcICQoLDA0OD'])(
    'is nothing where the secret is damaged: "%s"',
    async (damaged) => {
      await expect(deriveKeys(damaged)).rejects.toThrow('a cluster’s secret has 128 bits');
    },
  );
});

describe('the fragment', () => {
  it('of a secret is read back', () => {
    expect(parseFragment(fragmentOf(SECRET))).toEqual({ kind: 'secret', secret: SECRET });
  });

  it('may hold other things beside it', () => {
    expect(parseFragment(`#x=1&c=${SECRET}&y`)).toEqual({ kind: 'secret', secret: SECRET });
  });

  it.each(['', '#', '#top', '#x=1', '#C=AAAA'])('says nothing about a cluster: "%s"', (hash) => {
    expect(parseFragment(hash)).toEqual({ kind: 'absent' });
  });

  it.each([
    ['nothing', '#c='],
    ['a letter too few', '#c=AAECAwQFBgcICQoLDA0OD'],
    ['a letter too many', `#c=${SECRET}A`],
    ['a length that base64 cannot have', `#c=${SECRET}AAA`],
    ['a letter of the other base64', '#c=AAECAwQFBgcICQoLDA0O/w'],
    ['padding', `#c=${SECRET}==`],
    ['a space', '#c=AAECAwQFBgcICQoLDA0O%20w'],
  ])('is damaged, and says what should be there: %s', (_what, hash) => {
    expect(parseFragment(hash)).toEqual({
      kind: 'invalid',
      reason: expect.stringContaining('after #c= there must be 22 letters, digits, - or _') as string,
    });
  });
});

describe('random names', () => {
  it('are ids and secrets of 128 bits, never the same', async () => {
    const made = Array.from({ length: 1000 }, () => [createSecret(), createId()]).flat();
    expect(new Set(made).size).toBe(2000);
    for (const name of made) expect(name).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect((await deriveKeys(createSecret())).clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });
});

describe('sealed messages', () => {
  const plain = { type: 'signal', text: 'Grüße, 你好', list: [1, null, { deep: true }] };
  /** What is authenticated beside the message. */
  const AAD = Buffer.from(JSON.stringify([CLUSTER_ID, 'page-A', 'page-B']));

  it('are opened by whoever they are for', async () => {
    expect(await unseal(keys, A_TO_B, await seal(keys, A_TO_B, plain))).toEqual(plain);
    expect(await unseal(await deriveKeys(SECRET), A_TO_B, await seal(keys, A_TO_B, plain))).toEqual(plain);
  });

  it('are AES-256-GCM under the derived key, as another implementation reads them', async () => {
    const whole = Buffer.from(await seal(keys, A_TO_B, plain), 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', SEAL_KEY, whole.subarray(0, 12));
    decipher.setAAD(AAD).setAuthTag(whole.subarray(-16));
    const opened = Buffer.concat([decipher.update(whole.subarray(12, -16)), decipher.final()]);
    expect(JSON.parse(opened.toString())).toEqual(plain);
  });

  it('are opened where another implementation has sealed them', async () => {
    const nonce = Buffer.alloc(12, 7);
    const cipher = createCipheriv('aes-256-gcm', SEAL_KEY, nonce);
    cipher.setAAD(AAD);
    const sealed = [nonce, cipher.update('{"hello":1}'), cipher.final(), cipher.getAuthTag()];
    expect(await unseal(keys, A_TO_B, Buffer.concat(sealed).toString('base64url'))).toEqual({ hello: 1 });
  });

  it('never look the same twice', async () => {
    const sealed = await Promise.all(Array.from({ length: 100 }, () => seal(keys, A_TO_B, plain)));
    expect(new Set(sealed).size).toBe(100);
    expect(new Set(sealed.map((text) => text.slice(0, 16))).size).toBe(100);
  });

  it.each([
    ['from somebody else', { from: 'page-X', to: 'page-B' }],
    ['for somebody else', { from: 'page-A', to: 'page-X' }],
    ['the other way round', { from: 'page-B', to: 'page-A' }],
    ['with names that only together are the same', { from: 'page-A","page', to: 'B' }],
  ])('are not opened %s', async (_who, envelope) => {
    expect(await unseal(keys, envelope, await seal(keys, A_TO_B, plain))).toBeNull();
  });

  it('are not opened by another cluster', async () => {
    const other = await deriveKeys(createSecret());
    expect(await unseal(other, A_TO_B, await seal(keys, A_TO_B, plain))).toBeNull();
    // Not even with the same key: the cluster is part of what is authenticated.
    const renamed = { ...keys, clusterId: other.clusterId };
    expect(await unseal(renamed, A_TO_B, await seal(keys, A_TO_B, plain))).toBeNull();
  });

  it('are not opened with any byte changed', async () => {
    const whole = Buffer.from(await seal(keys, A_TO_B, { short: 1 }), 'base64url');
    for (const [position, byte] of whole.entries()) {
      const damaged = Buffer.from(whole);
      damaged[position] = byte ^ 1;
      expect(await unseal(keys, A_TO_B, damaged.toString('base64url')), `byte ${position}`).toBeNull();
    }
  });

  it('are not opened with anything cut off', async () => {
    const sealed = await seal(keys, A_TO_B, { short: 1 });
    for (let length = 0; length < sealed.length; length += 1) {
      expect(await unseal(keys, A_TO_B, sealed.slice(0, length)), `${length} letters`).toBeNull();
    }
  });

  it.each(['', '=', 'not base64url!', 'A', 'AAAA', 'A'.repeat(5000)])(
    'are not what anybody makes up: "%s"',
    async (payload) => {
      expect(await unseal(keys, A_TO_B, payload)).toBeNull();
    },
  );
});
