import * as v from 'valibot';
import type { FaultRule } from '../api.ts';
import { MESSAGE_TYPES } from '../core/message.ts';
import { ticksOf } from './ticks.ts';

/**
 * The schema of `config.json` (docs/configuration.md), for the page and the server alike. Every key
 * has a default, an unknown key is an error, and each problem names its path, what was expected and
 * what was found.
 */

export type Checked<T> = { ok: true; config: T } | { ok: false; problems: string[] };

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const FAULT_KINDS = [
  'drop',
  'delay',
  'hold',
  'duplicate',
  'reorder',
] as const satisfies readonly FaultRule['kind'][];
const MAX_SEED = 2 ** 32 - 1;
export const MAX_RULES = 256;
const HOUR_MS = 3_600_000;

const Integer = (min: number, max: number) =>
  v.custom<number>(
    (input) => Number.isSafeInteger(input) && Number(input) >= min && Number(input) <= max,
    `expected an integer from ${min} to ${max}`,
  );

const Text = (expected: string, fits: (text: string) => boolean) =>
  v.custom<string>((input) => typeof input === 'string' && fits(input), `expected ${expected}`);

const OneOf = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, `expected one of ${options.join(', ')}`);

/** `[min, max]`, both included. */
const Range = (min: number, max: number) =>
  v.pipe(
    v.strictTuple(
      [Integer(min, max), Integer(min, max)],
      `expected [min, max], two integers from ${min} to ${max}`,
    ),
    v.check(([low, high]) => low <= high, 'expected [min, max] with min not above max'),
  );

const List = <Item extends v.GenericSchema>(item: Item, min: number, max: number) =>
  v.pipe(
    v.array(item, `expected a list of ${min} to ${max}`),
    v.minLength(min, `expected a list of ${min} to ${max}`),
    v.maxLength(max, `expected a list of ${min} to ${max}`),
  );

/** An object that refuses keys it does not know. */
const Keys = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.custom<v.InferInput<v.StrictObjectSchema<Entries, undefined>>>(
      (input) => typeof input === 'object' && input !== null && !Array.isArray(input),
      'expected an object',
    ),
    v.strictObject(entries, (issue) =>
      issue.expected === 'never'
        ? `unknown key, expected one of ${Object.keys(entries).join(', ')}`
        : 'expected a value',
    ),
  );

/** The name of a configured server or of a member. */
const Name = Text('a name (a letter, then up to 15 of A-Z a-z 0-9 _ -)', (text) =>
  /^[A-Za-z][A-Za-z0-9_-]{0,15}$/.test(text),
);
const Names = v.union([Name, List(Name, 1, MAX_RULES)], 'expected a name or a list of names');

const ElectionTimeoutMs = Range(20, HOUR_MS);
const HeartbeatMs = Integer(10, 60_000);
const Seed = Integer(0, MAX_SEED);
const StorageKind = OneOf(['indexeddb', 'opfs', 'memory']);
const SocketUrl = Text('a ws:// or wss:// address without a fragment', isSocketUrl);

const FaultRuleSchema = v.pipe(
  Keys({
    id: Text('1 to 64 characters', (text) => text.length >= 1 && text.length <= 64),
    kind: OneOf(FAULT_KINDS),
    from: v.exactOptional(Names),
    to: v.exactOptional(Names),
    messages: v.exactOptional(List(OneOf(MESSAGE_TYPES), 1, MESSAGE_TYPES.length)),
    probability: v.exactOptional(
      v.custom<number>(
        (input) => typeof input === 'number' && input >= 0 && input <= 1,
        'expected a number from 0 to 1',
      ),
    ),
    delayMs: v.exactOptional(Range(0, HOUR_MS)),
  }),
  v.check((rule) => rule.kind !== 'delay' || rule.delayMs !== undefined, 'expected delayMs with kind delay'),
  v.check(
    ({ kind, delayMs }) => (kind !== 'drop' && kind !== 'hold') || delayMs === undefined,
    'expected no delayMs with kinds drop and hold: what is not delivered is not late',
  ),
  v.check(
    ({ from, to }) => from === undefined || !isSameOne(from, to),
    'expected from and to to be different members: nobody sends to itself',
  ),
);

const IceUrl = Text('a stun:, stuns:, turn: or turns: address', (text) => /^(stuns?|turns?):\S+$/.test(text));
const IceServerSchema = v.pipe(
  Keys({
    urls: v.union(
      [IceUrl, List(IceUrl, 1, 16)],
      'expected a stun:, stuns:, turn: or turns: address, or a list of them',
    ),
    username: v.exactOptional(Text('a text', () => true)),
    credential: v.exactOptional(Text('a text', () => true)),
  }),
  v.check(
    (server) =>
      !needsCredential(server.urls) || (server.username !== undefined && server.credential !== undefined),
    'expected username and credential beside a turn address',
  ),
);

const ServerSchema = Keys({ name: Name, logLevel: v.optional(OneOf(LOG_LEVELS), 'info') });

const Servers = v.pipe(
  List(ServerSchema, 1, 9),
  v.check((servers) => noneTwice(servers.map(({ name }) => name)), 'expected each name once'),
);
const Rules = v.pipe(
  List(FaultRuleSchema, 0, MAX_RULES),
  v.check((rules) => noneTwice(rules.map(({ id }) => id)), 'expected each rule id once'),
);

const ConfigSchema = Keys({
  /** As many voters as there are servers here; their names are given out in this order. */
  servers: v.optional(Servers, [{ name: 'A' }, { name: 'B' }, { name: 'C' }]),
  timing: v.optional(
    Keys({
      tickMs: v.optional(Integer(5, 1000), 50),
      heartbeatMs: v.optional(HeartbeatMs, 100),
      electionTimeoutMs: v.optional(ElectionTimeoutMs, [1000, 2000]),
      requestTimeoutMs: v.optional(Integer(100, HOUR_MS), 5000),
      /** Null: a lost voter is never replaced. */
      replaceVoterMs: v.optional(v.nullable(Integer(1000, 24 * HOUR_MS)), 60_000),
    }),
    {},
  ),
  storage: v.optional(Keys({ kind: v.optional(StorageKind, 'indexeddb') }), {}),
  signaling: v.optional(
    Keys({
      /** Null: the server that the page came from. */
      url: v.optional(v.nullable(SocketUrl), null),
      reconnectMs: v.optional(Range(50, HOUR_MS), [250, 5000]),
    }),
    {},
  ),
  iceServers: v.optional(List(IceServerSchema, 0, 16), []),
  proxy: v.optional(Keys({ seed: v.optional(Seed, 1), rules: v.optional(Rules, []) }), {}),
  trace: v.optional(
    Keys({
      enabled: v.optional(v.boolean('expected true or false'), true),
      /** What a node keeps of its events, over reloads too; the oldest go first. */
      bytes: v.optional(Integer(65_536, 1_073_741_824), 16_777_216),
      /** What a node keeps, in memory, of its inputs for a replay; 0: none. */
      inputBytes: v.optional(Integer(0, 1_073_741_824), 16_777_216),
    }),
    {},
  ),
  limits: v.optional(
    Keys({
      keyBytes: v.optional(Integer(1, 65_536), 1024),
      valueBytes: v.optional(Integer(1, 1_048_576), 65_536),
      transactionInstructions: v.optional(Integer(1, 4096), 128),
      pendingRequests: v.optional(Integer(1, 1_000_000), 4096),
      appendBytes: v.optional(Integer(1024, 16_777_216), 262_144),
      inflightAppends: v.optional(Integer(1, 4096), 64),
      inflightBytes: v.optional(Integer(1024, 67_108_864), 4_194_304),
      snapshotEntries: v.optional(Integer(1, 10_000_000), 10_000),
      snapshotBytes: v.optional(Integer(1024, 1_073_741_824), 8_388_608),
      retainedEntries: v.optional(Integer(0, 1_000_000), 1000),
      logPageEntries: v.optional(Integer(1, 100_000), 1000),
    }),
    {},
  ),
});

export type Config = v.InferOutput<typeof ConfigSchema>;

/** What the page runs with: the server's configuration and what the page's address overrides. */
export type PageConfig = Config & {
  /** `relay`: consensus traffic crosses the page even where its channel could be transferred. */
  channel: 'auto' | 'relay';
};

export function parseConfig(json: unknown): Checked<Config> {
  const result = v.safeParse(ConfigSchema, json);
  if (!result.success) return { ok: false, problems: result.issues.map((i) => describe(i, 'config.json')) };
  return withTimingChecked(result.output);
}

/** One rule, wherever it comes from: the configuration, the page's user, or another tab. */
export function parseFaultRule(
  value: unknown,
): { ok: true; rule: FaultRule } | { ok: false; problems: string[] } {
  const result = v.safeParse(FaultRuleSchema, value);
  if (result.success) return { ok: true, rule: result.output };
  return { ok: false, problems: result.issues.map((i) => describe(i, 'rule')) };
}

/**
 * The few options that the page's address may set (docs/configuration.md). Other parameters are
 * somebody else's and are left alone.
 */
export function applyUrlOverrides(config: Config, search: URLSearchParams): Checked<PageConfig> {
  const problems: string[] = [];
  const override = <Schema extends v.GenericSchema>(
    name: string,
    schema: Schema,
    read: (text: string) => unknown = (text) => text,
  ): v.InferOutput<Schema> | undefined => {
    const text = search.get(name);
    if (text === null) return undefined;
    const result = v.safeParse(schema, read(text));
    if (result.success) return result.output;
    problems.push(`?${name}: ${result.issues[0].message}, received "${text.slice(0, 80)}"`);
    return undefined;
  };

  const channel = override('channel', OneOf(['worker', 'relay']));
  const logLevel = override('logLevel', OneOf(LOG_LEVELS));
  const heartbeatMs = override('heartbeatMs', HeartbeatMs, readNumber);
  const electionTimeoutMs = override('electionTimeoutMs', ElectionTimeoutMs, readRange);
  const kind = override('storage', StorageKind);
  const url = override('signaling', SocketUrl);
  const seed = override('seed', Seed, readNumber);
  const trace = override('trace', OneOf(['on', 'off']));
  if (problems.length > 0) return { ok: false, problems };

  const { servers, timing, signaling, proxy } = config;
  const isTraced = trace === undefined ? config.trace.enabled : trace === 'on';
  return withTimingChecked({
    ...config,
    servers: servers.map((server) => ({ ...server, logLevel: logLevel ?? server.logLevel })),
    timing: {
      ...timing,
      heartbeatMs: heartbeatMs ?? timing.heartbeatMs,
      electionTimeoutMs: electionTimeoutMs ?? timing.electionTimeoutMs,
    },
    storage: { kind: kind ?? config.storage.kind },
    signaling: { ...signaling, url: url ?? signaling.url },
    proxy: { ...proxy, seed: seed ?? proxy.seed },
    trace: { ...config.trace, enabled: isTraced },
    channel: channel === 'relay' ? 'relay' : 'auto',
  });
}

/** A follower must hear a heartbeat before its shortest election timeout, as the cores count both: in ticks. */
function withTimingChecked<C extends Config>(config: C): Checked<C> {
  const { tickMs, heartbeatMs, electionTimeoutMs } = config.timing;
  const problems: string[] = [];
  if (tickMs > heartbeatMs) {
    problems.push(`timing.tickMs: expected at most heartbeatMs (${heartbeatMs}), received ${tickMs}`);
  }
  const { replaceVoterMs } = config.timing;
  if (replaceVoterMs !== null && replaceVoterMs < electionTimeoutMs[1]) {
    problems.push(
      `timing.replaceVoterMs: expected at least the longest electionTimeoutMs (${electionTimeoutMs[1]}), received ${replaceVoterMs}`,
    );
  }
  if (ticksOf(heartbeatMs, tickMs) >= ticksOf(electionTimeoutMs[0], tickMs)) {
    problems.push(
      `timing.heartbeatMs: expected less than the shortest electionTimeoutMs (${electionTimeoutMs[0]}), in ticks of ${tickMs} ms, received ${heartbeatMs}`,
    );
  }
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

function describe(issue: v.BaseIssue<unknown>, root: string): string {
  const path = v.getDotPath(issue) ?? root;
  // The problems are shown to everybody who opens the page: a credential is not.
  const mayHoldCredential = /^iceServers(?!\.\d+\.urls)/.test(path) || issue.expected === 'never';
  return mayHoldCredential
    ? `${path}: ${issue.message}`
    : `${path}: ${issue.message}, received ${shown(issue)}`;
}

function shown({ input, received }: v.BaseIssue<unknown>): string {
  if (input === undefined) return 'nothing';
  let text = received;
  try {
    const json: unknown = JSON.stringify(input); // undefined for a function, whatever its type says
    if (typeof json === 'string') text = json;
  } catch {
    // A rule can come from a script, with values that JSON cannot say: their kind must do.
  }
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

function readNumber(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** `1000-2000` */
function readRange(text: string): unknown {
  return /^\d+-\d+$/.test(text) ? text.split('-').map(Number) : text;
}

function isSameOne(from: string | string[], to: string | string[] | undefined): boolean {
  const names = new Set([from, to ?? []].flat());
  return to !== undefined && names.size === 1;
}

function noneTwice(names: string[]): boolean {
  return new Set(names).size === names.length;
}

function isSocketUrl(text: string): boolean {
  return /^wss?:\/\//.test(text) && URL.canParse(text) && !text.includes('#');
}

function needsCredential(urls: string | string[]): boolean {
  return [urls].flat().some((url) => url.startsWith('turn'));
}
