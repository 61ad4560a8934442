import type { FaultRule } from '../api.ts';
import { strangerAmong } from './rules.ts';

/** What a preset is made for: the members named, and all there are. */
export interface PresetInput {
  readonly names: readonly string[];
  readonly members: readonly string[];
}

export interface Preset {
  readonly name: string;
  /** For people: what it does, and which names it takes. */
  readonly about: string;
  readonly usage: string;
  /** Plain rules; a text says what is wrong with the names. */
  rules(input: PresetInput): FaultRule[] | string;
}

/** Between the two groups of a split. */
export const GROUP_SEPARATOR = '|';

const but = (members: readonly string[], ...without: readonly string[]): string[] =>
  members.filter((name) => !without.includes(name));

/** Nothing passes from the ones to the others. An empty side would mean everybody. */
function cut(id: string, from: readonly string[], to: readonly string[]): FaultRule[] {
  return from.length === 0 || to.length === 0 ? [] : [{ id, kind: 'drop', from: [...from], to: [...to] }];
}

function apart(id: string, one: readonly string[], other: readonly string[]): FaultRule[] {
  return [...cut(`${id}:there`, one, other), ...cut(`${id}:back`, other, one)];
}

const MAX_GROUP_ID_LENGTH = 40;

/** The id of a rule is short: of many members, or long names, it has the first, and how many there are besides. */
function groupId(names: readonly string[]): string {
  const all = names.join('+');
  return all.length <= MAX_GROUP_ID_LENGTH ? all : `${names[0] ?? ''}+${names.length - 1}`;
}

/** To and from each of them; without names, everybody. */
function around(
  names: readonly string[],
  rule: (side: Pick<FaultRule, 'from' | 'to'>, id: string) => FaultRule,
) {
  if (names.length === 0) return [rule({}, 'all')];
  return names.flatMap((name) => [rule({ from: name }, `${name}:out`), rule({ to: name }, `${name}:in`)]);
}

const isolate: Preset = {
  name: 'isolate',
  about: 'cuts each member named off from everyone else, in both directions',
  usage: 'isolate NAME…',
  rules({ names }) {
    if (names.length === 0) return 'expected the members to cut off';
    return around(names, (side, id) => ({ id: `isolate:${id}`, kind: 'drop', ...side }));
  },
};

const split: Preset = {
  name: 'split',
  about:
    'two groups that cannot talk to each other: those named and the rest, or those before and after a "|"',
  usage: 'split NAME… [| NAME…]',
  rules({ names, members }) {
    const at = names.indexOf(GROUP_SEPARATOR);
    const one = at < 0 ? names : names.slice(0, at);
    const other = at < 0 ? but(members, ...names) : names.slice(at + 1);
    if (one.length === 0 || other.length === 0) return 'expected two groups, none of them empty';
    if (one.some((name) => other.includes(name))) return 'expected each member in one group';
    return apart(`split:${groupId(one)}`, one, other);
  },
};

const majoritiesRing: Preset = {
  name: 'majorities-ring',
  about: 'everyone hears from a majority, and no two from the same one',
  usage: 'majorities-ring [NAME…]',
  rules({ names, members }) {
    const ring = names.length === 0 ? members : names;
    if (ring.length < 3) return 'expected at least three members';
    const majority = Math.floor(ring.length / 2) + 1;
    // Its own, the next, the one before, the next but one, …
    const offsets = Array.from({ length: majority }, (_, at) => (at % 2 === 1 ? (at + 1) / 2 : -at / 2));
    return ring.flatMap((name, position) => {
      const heard = offsets.map((offset) => ring.at((position + offset) % ring.length) ?? name);
      return cut(`majorities-ring:${name}`, but(ring, ...heard), [name]);
    });
  },
};

const bridge: Preset = {
  name: 'bridge',
  about: 'two halves that only the member named can talk to',
  usage: 'bridge NAME',
  rules({ names: [name, ...more], members }) {
    if (name === undefined || more.length > 0) return 'expected the one member that both halves can reach';
    const others = but(members, name);
    if (others.length < 2) return 'expected at least two other members';
    const half = Math.floor(others.length / 2);
    return apart(`bridge:${name}`, others.slice(0, half), others.slice(half));
  },
};

const oneWay: Preset = {
  name: 'one-way',
  about: 'the first hears the others, and they do not hear it: all, or only those named after it',
  usage: 'one-way NAME [NAME…]',
  rules({ names: [name, ...others] }) {
    if (name === undefined) return 'expected the member that is not to be heard';
    if (others.includes(name)) return 'expected other members after the first';
    const to = others.length === 0 ? {} : { to: others };
    return [{ id: `one-way:${name}`, kind: 'drop', from: name, ...to }];
  },
};

const flaky: Preset = {
  name: 'flaky',
  about: 'links lose a fifth of their messages, repeat a tenth and shuffle a fifth',
  usage: 'flaky [NAME…]',
  rules: ({ names }) =>
    [['drop', 0.2] as const, ['duplicate', 0.1] as const, ['reorder', 0.2] as const].flatMap(
      ([kind, probability]) =>
        around(names, (side, id) => ({ id: `flaky:${kind}:${id}`, kind, probability, ...side })),
    ),
};

const slow: Preset = {
  name: 'slow',
  about: 'links delay each message by 200 to 600 ms',
  usage: 'slow [NAME…]',
  rules: ({ names }) =>
    around(names, (side, id) => ({ id: `slow:${id}`, kind: 'delay', delayMs: [200, 600], ...side })),
};

/** The rules are set and cleared member by member (`swizzle` in the page's operations). */
const swizzle: Preset = {
  name: 'swizzle',
  about:
    'clogs the members one after the other, then frees them in another order; what was clogged comes late',
  usage: 'swizzle [NAME…]',
  rules({ names, members }) {
    const clogged = names.length === 0 ? members : names;
    return around(clogged, (side, id) => ({ id: `swizzle:${id}`, kind: 'hold', ...side }));
  },
};

export const PRESETS: readonly Preset[] = [
  isolate,
  split,
  majoritiesRing,
  bridge,
  oneWay,
  flaky,
  slow,
  swizzle,
];

/** The rules of a preset; a text says what is wrong. */
export function presetRules(name: string, input: PresetInput): FaultRule[] | string {
  const preset = PRESETS.find((candidate) => candidate.name === name);
  if (preset === undefined)
    return `There is no preset "${name}", only ${PRESETS.map((known) => known.name).join(', ')}.`;
  const { names, members } = input;
  const stranger = strangerAmong(but(names, GROUP_SEPARATOR), members);
  if (stranger !== null) return stranger;
  if (new Set(names).size !== names.length) return `preset "${name}": expected each member once`;
  const rules = preset.rules(input);
  return typeof rules === 'string' ? `preset "${name}" (${preset.usage}): ${rules}` : rules;
}
