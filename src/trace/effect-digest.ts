import type { RegisterEffect } from '../core/abd/interface.ts';
import { encodeMessage } from '../core/message-codec.ts';
import type { Effect } from '../core/raft/interface.ts';
import type { Entry, Snapshot } from '../core/raft/log-entry.ts';
import type { Message } from '../core/message.ts';
import { TraceHash } from './hash.ts';
import { toJson } from './plain.ts';

type AnyEffect = Effect | RegisterEffect;

/** What a recording calls each kind of effect. A code is never given another meaning. */
export const EFFECT_CODES: Readonly<Record<AnyEffect['type'], number>> = {
  ...{ persist: 0, send: 1, apply: 2, snapshot: 3, restore: 4, reply: 5, trace: 6, ready: 7 },
};

/**
 * Tells two lists of effects apart by all that they say; but of an entry that is sent or applied, by its index and
 * term alone, and of a command that is written, by its length, its begin, which has its session and number, and its end:
 * what it holds is told by the input it came with. Of a snapshot its checksum tells what it holds: of tens of megabytes,
 * to read all of them would keep the node waiting.
 */
export function effectDigest(effects: readonly AnyEffect[]): string {
  const hash = new TraceHash();
  addEffects(hash, effects);
  return hash.digest();
}

/** The same, into a hash that serves many. */
export function addEffects(hash: TraceHash, effects: readonly AnyEffect[]): void {
  // An iterator makes an object for each, where code is not optimised; so below.
  effects.forEach((effect) => addEffect(hash, effect));
}

function addEffect(hash: TraceHash, effect: AnyEffect): void {
  hash.add(EFFECT_CODES[effect.type]);
  switch (effect.type) {
    case 'reply':
      addReply(hash, effect);
      return;
    case 'send':
      hash.number(effect.awaits);
      addMessage(hash, effect.message);
      return;
    case 'persist':
      if ('entries' in effect) addWrite(hash, effect);
      else hash.text(toJson(effect));
      return;
    case 'apply':
      addPlaces(hash, effect.entries);
      effect.wanted.forEach((index) => hash.number(index));
      return;
    case 'restore':
      addSnapshot(hash, effect.snapshot);
      return;
    default:
      hash.text(toJson(effect));
  }
}

function addReply(hash: TraceHash, { request, result }: Extract<AnyEffect, { type: 'reply' }>): void {
  hash.number(request);
  if (result.outcome === 'ok' && 'index' in result) {
    hash.number(result.index);
    hash.number(result.term);
    hash.bytes(result.value);
  } else hash.text(toJson(result));
}

function addMessage(hash: TraceHash, message: Message): void {
  if (message.type !== 'appendRequest') {
    hash.bytes(encodeMessage(message));
    return;
  }
  const { from, to, term, prevIndex, prevTerm, commitIndex, entries } = message;
  hash.text(from);
  hash.text(to);
  for (const fact of [term, prevIndex, prevTerm, commitIndex]) hash.number(fact);
  addPlaces(hash, entries);
}

function addWrite(hash: TraceHash, effect: Extract<Effect, { type: 'persist' }>): void {
  const { entries, snapshot, ...rest } = effect;
  hash.text(JSON.stringify(rest));
  if (snapshot !== null) addSnapshot(hash, snapshot);
  addPlaces(hash, entries);
  entries.forEach(({ payload }) => {
    if (payload.kind === 'command') {
      hash.number(payload.timeMs);
      hash.ends(payload.command);
    } else hash.text(JSON.stringify(payload));
  });
}

function addSnapshot(hash: TraceHash, { metadata, data }: Snapshot): void {
  hash.text(JSON.stringify(metadata));
  hash.ends(data);
}

/** Entries follow on each other, and their terms never fall: from one term to the same one, all between have it. */
function addPlaces(hash: TraceHash, entries: readonly Entry[]): void {
  hash.number(entries.length);
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return;
  addPlace(hash, first);
  addPlace(hash, last);
  if (first.term !== last.term) entries.forEach((entry) => addPlace(hash, entry));
}

function addPlace(hash: TraceHash, { index, term }: Entry): void {
  hash.number(index);
  hash.number(term);
}
