/**
 * A cluster's secret: 128 random bits in the page's fragment, `#c=…`, which no server sees. All else
 * is derived from it by HKDF-SHA-256 (RFC 5869): the public cluster id, which is also the signaling
 * room, and the AES-256-GCM key that seals what tabs say to each other through the server.
 */

const SECRET_BYTES = 16;
const ROOM_BYTES = 16;
const NONCE_BYTES = 12;

export interface ClusterKeys {
  /** As it stands in the fragment: 22 characters of base64url. */
  readonly secret: string;
  readonly clusterId: string;
  readonly sealKey: CryptoKey;
}

/** What a page's fragment says. `absent`: nothing about a cluster. */
export type Fragment =
  | { readonly kind: 'absent' }
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'invalid'; readonly reason: string };

export function parseFragment(hash: string): Fragment {
  const secret = new URLSearchParams(hash.replace(/^#/, '')).get('c');
  if (secret === null) return { kind: 'absent' };
  if (fromBase64Url(secret)?.length === SECRET_BYTES) return { kind: 'secret', secret };
  return {
    kind: 'invalid',
    reason: 'The link is damaged: after #c= there must be 22 letters, digits, - or _, the cluster’s secret.',
  };
}

export function fragmentOf(secret: string): string {
  return `#c=${secret}`;
}

export function createSecret(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** A random id of 128 bits, for members, connections and the like. */
export function createId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}

export async function deriveKeys(secret: string): Promise<ClusterKeys> {
  const material = fromBase64Url(secret);
  if (material?.length !== SECRET_BYTES) throw new Error('a cluster’s secret has 128 bits');
  const base = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveBits', 'deriveKey']);
  const parameters = (info: string): HkdfParams => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: new TextEncoder().encode(`tabraft 1 ${info}`),
  });
  const room = await crypto.subtle.deriveBits(parameters('room'), base, ROOM_BYTES * 8);
  const sealKey = await crypto.subtle.deriveKey(
    parameters('signaling'),
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
  return { secret, clusterId: toBase64Url(new Uint8Array(room)), sealKey };
}

/** Who says something to whom. Authenticated with the message, so that a server cannot redirect it. */
export interface Envelope {
  readonly from: string;
  readonly to: string;
}

function associatedData(keys: ClusterKeys, { from, to }: Envelope): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify([keys.clusterId, from, to]));
}

/** base64url of nonce and ciphertext. A random nonce of 96 bits is safe for 2³² messages a key. */
export async function seal(keys: ClusterKeys, envelope: Envelope, plain: unknown): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const additionalData = associatedData(keys, envelope);
  const bytes = new TextEncoder().encode(JSON.stringify(plain));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, keys.sealKey, bytes);
  const whole = new Uint8Array(NONCE_BYTES + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), NONCE_BYTES);
  return toBase64Url(whole);
}

/** Null for anything that was not sealed with this key for this envelope. */
export async function unseal(keys: ClusterKeys, envelope: Envelope, payload: string): Promise<unknown> {
  const whole = fromBase64Url(payload);
  if (whole === null || whole.length <= NONCE_BYTES) return null;
  const iv = whole.subarray(0, NONCE_BYTES);
  const additionalData = associatedData(keys, envelope);
  try {
    const bytes = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv, additionalData },
      keys.sealKey,
      whole.subarray(NONCE_BYTES),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return null; // forged, damaged, or for somebody else: the caller counts it
  }
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
  } catch {
    return null; // a length that base64 cannot have
  }
}
