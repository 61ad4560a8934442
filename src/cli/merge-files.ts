import { TraceInvariants, type TraceVerdict } from '../check/trace-invariants.ts';
import type { MemberId } from '../core/ids.ts';
import { Names } from '../trace/describe.ts';
import { runOf, type TraceEvent } from '../trace/event.ts';
import { indented, textTime, type TraceFormat } from '../trace/formats.ts';
import { Gaps, type Gap } from '../trace/gaps.ts';
import { joinStreams, mergeByCausality } from '../trace/merge.ts';
import { ClockOffsets, correctedTime, type Offset } from '../trace/offsets.ts';
import {
  readEvents,
  readMessages,
  type DamagedLine,
  type LogMessage,
  type TraceFiles,
} from './trace-files.ts';

/** Of damaged lines, so many are named; all are counted. */
const MAX_NAMED = 100;
const PROGRESS_EVENTS = 20_000;

export interface NodeSummary {
  readonly node: MemberId;
  readonly name: string;
  readonly events: number;
  readonly runs: number;
}

type Named<T extends { readonly node: MemberId }> = T & { readonly name: string };

export interface MonitorReport {
  readonly files: readonly string[];
  readonly events: number;
  readonly nodes: readonly NodeSummary[];
  /** Messages of text logs. */
  readonly messages: number;
  /** By how much clocks are apart, from messages in both directions. */
  readonly offsets: readonly Named<Offset>[];
  readonly gaps: readonly Named<Gap>[];
  readonly damagedLines: number;
  /** The first of them. */
  readonly damaged: readonly DamagedLine[];
  /** Events that stood in several files, or twice in one; and those out of their order, which are left out. */
  readonly repeated: number;
  readonly misplaced: number;
  /** Where the clocks of several nodes contradict each other. */
  readonly contradictions: number;
  readonly verdicts: readonly TraceVerdict[];
}

export interface MergeOutput {
  /** Whether it has room for what nodes had to say in text. */
  readonly withMessages: boolean;
  readonly format: (names: Names, timeOf: (event: TraceEvent) => number) => TraceFormat;
}

export interface MergePorts {
  readonly write: (text: string) => void;
  readonly onProgress: (text: string) => void;
  readonly isInterrupted: () => boolean;
}

/** What the first reading of all files finds. */
class Survey {
  readonly names = new Names();
  readonly offsets = new ClockOffsets();
  readonly damaged: DamagedLine[] = [];
  damagedLines = 0;
  total = 0;
  /** The files of each node. */
  readonly files = new Map<MemberId, Set<string>>();
  readonly #runs = new Map<MemberId, Set<number>>();
  readonly #events = new Map<MemberId, number>();

  add(file: string, event: TraceEvent): void {
    const { node, seq } = event;
    this.total += 1;
    this.names.add(event);
    this.offsets.add(event);
    setOf(this.files, node).add(file);
    setOf(this.#runs, node).add(runOf(seq));
    this.#events.set(node, (this.#events.get(node) ?? 0) + 1);
  }

  readonly onDamaged = (line: DamagedLine): void => {
    this.damagedLines += 1;
    if (this.damaged.length < MAX_NAMED) this.damaged.push(line);
  };

  nodes(): NodeSummary[] {
    return [...this.#events].map(([node, events]) => {
      return { node, name: this.names.of(node), events, runs: this.#runs.get(node)?.size ?? 0 };
    });
  }
}

function setOf<K, V>(sets: Map<K, Set<V>>, key: K): Set<V> {
  let set = sets.get(key);
  if (set === undefined) sets.set(key, (set = new Set<V>()));
  return set;
}

/**
 * Reads all files twice: first to learn whose clocks are apart and which nodes there are, then to merge. Null: it was
 * interrupted.
 */
export async function mergeFiles(
  { traces, logs }: TraceFiles,
  output: MergeOutput,
  ports: MergePorts,
): Promise<MonitorReport | null> {
  const survey = new Survey();
  for (const file of traces)
    for (const event of readEvents(file, null, survey.onDamaged)) {
      survey.add(file, event);
      if (survey.total % PROGRESS_EVENTS === 0 && (await isOver(ports, `${survey.total} events read`)))
        return null;
    }
  const offsets = survey.offsets.estimate();
  const timeOf = correctedTime(offsets);
  const counts = { repeated: 0, misplaced: 0, contradictions: 0, messages: 0, merged: 0 };
  const [gaps, invariants] = [new Gaps(), new TraceInvariants()];
  const written = output.format(survey.names, timeOf);
  const messages = output.withMessages
    ? inTime(logs.map((file) => readMessages(file, survey.onDamaged)))
    : noMessages();
  const tellMessages = (before: number): void => {
    for (const message of messages.until(before)) {
      counts.messages += 1;
      ports.write(messageLine(message));
    }
  };
  ports.write(written.head);
  const onContradiction = (): void => void (counts.contradictions += 1);
  for (const event of mergeByCausality(streamsOf(survey, counts), { timeOf, onContradiction })) {
    const time = timeOf(event);
    gaps.add(event);
    invariants.feed(event);
    tellMessages(time);
    ports.write(written.line(event, time));
    counts.merged += 1;
    const text = `${counts.merged} of ${survey.total} events merged`;
    if (counts.merged % PROGRESS_EVENTS === 0 && (await isOver(ports, text))) return null;
  }
  tellMessages(Number.POSITIVE_INFINITY);
  const named = <T extends { readonly node: MemberId }>(one: T): Named<T> => ({
    ...one,
    name: survey.names.of(one.node),
  });
  const { merged, ...told } = counts;
  return {
    ...{ files: [...traces, ...logs], events: merged, nodes: survey.nodes(), ...told },
    ...{ offsets: offsets.map(named), gaps: gaps.list().map(named) },
    ...{ damagedLines: survey.damagedLines, damaged: survey.damaged, verdicts: invariants.verdicts() },
  };
}

/** A node's files are read at the same time; one with several nodes is read once for each. */
function streamsOf(
  { files }: Survey,
  counts: { repeated: number; misplaced: number },
): Map<MemberId, Generator<TraceEvent>> {
  const onRepeated = (): void => void (counts.repeated += 1);
  const onMisplaced = (): void => void (counts.misplaced += 1);
  return new Map(
    [...files].map(([node, its]) => {
      const readers = [...its].map((file) => readEvents(file, node));
      return [node, joinStreams(readers, { onRepeated, onMisplaced })];
    }),
  );
}

/** Told, and whether to stop. */
async function isOver({ onProgress, isInterrupted }: MergePorts, text: string): Promise<boolean> {
  onProgress(text);
  await new Promise(setImmediate);
  return isInterrupted();
}

interface Messages {
  /** Those up to that time that have not been told. */
  until(time: number): Generator<LogMessage>;
}

function noMessages(): Messages {
  return {
    *until() {
      // There are none.
    },
  };
}

function inTime(streams: readonly Iterator<LogMessage>[]): Messages {
  const heads = streams.map((stream) => ({ stream, next: stream.next() }));
  return {
    *until(time) {
      for (;;) {
        let first: { readonly head: (typeof heads)[number]; readonly message: LogMessage } | null = null;
        for (const head of heads)
          if (head.next.done !== true && head.next.value.time <= Math.min(time, first?.message.time ?? time))
            first = { head, message: head.next.value };
        if (first === null) return;
        yield first.message;
        first.head.next = first.head.stream.next();
      }
    },
  };
}

function messageLine({ time, name, text }: LogMessage): string {
  return `${textTime(time)} ${name.padEnd(2)} ${'log'.padStart(8)}  ${indented(text)}\n`;
}
