import { IntegerMap } from '../core/integer-map.ts';
import { messageOf } from '../error-text.ts';

/**
 * Plain data as JSON: what JSON has no form for stands in an object with one key of its own. None of the data that
 * goes this way has keys that begin with a dollar sign.
 */

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) => {
    if (held instanceof Uint8Array) return { $bytes: toBase64(held) };
    if (held instanceof Map) return { $map: [...held] };
    if (held instanceof IntegerMap) return { $integers: [...held] };
    if (held instanceof Set) return { $set: [...held] };
    if (typeof held === 'number' && !Number.isFinite(held)) return { $number: String(held) };
    return held;
  });
}

/** Throws a `SyntaxError` for what `toJson` cannot have written. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text, revive);
  } catch (error) {
    throw error instanceof SyntaxError ? error : new SyntaxError(messageOf(error));
  }
}

function revive(_key: string, held: unknown): unknown {
  if (typeof held !== 'object' || held === null) return held;
  if ('$bytes' in held && typeof held.$bytes === 'string') return fromBase64(held.$bytes);
  if ('$map' in held && Array.isArray(held.$map)) return new Map(held.$map as [unknown, unknown][]);
  if ('$integers' in held && Array.isArray(held.$integers))
    return new IntegerMap(held.$integers as [number, unknown][]);
  if ('$set' in held && Array.isArray(held.$set)) return new Set(held.$set);
  if ('$number' in held) return Number(held.$number);
  return held;
}

const CHUNK_BYTES = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES)
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new SyntaxError('bytes are not base64');
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
