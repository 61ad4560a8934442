import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { countOf, runOf, RUN_LENGTH, type TraceDetail, type TraceEvent } from '../../src/trace/event.ts';
import { MemoryTrace, type TraceChunk, type TraceStore } from '../../src/trace/store.ts';
import { Reader, Writer } from '../../src/core/bytes.ts';
import { readBlock } from '../../src/trace/block.ts';
import { Tracer, type Stamp } from '../../src/trace/tracer.ts';
import { StampReader, StampWriter, writeWholeStamp } from '../../src/transport/stamp.ts';
import { id } from '../support/core-cluster.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MAX_BYTES = 10_000_000;

const asIs = (answer: { outcome: string }): typeof answer => answer;

class Scene {
  readonly clock = new ManualClock();
  readonly failures: string[] = [];

  tracer(name: string, store: TraceStore = new MemoryTrace(MAX_BYTES)): Tracer {
    return new Tracer(id(name), store, {
      now: () => this.clock.now(),
      after: (delayMs, callback) => this.clock.after(delayMs, callback),
      onFailure: (reason) => this.failures.push(reason),
    });
  }
}

const ping = (from: string, to: string, nonce = 1): Message => ({
  type: 'ping',
  from: id(from),
  to: id(to),
  nonce,
});

/** As it crosses the wire. */
const copyOf = ({ seq, time, clock: { nodes, counts } }: Stamp): Stamp => ({
  ...{ seq, time },
  clock: { nodes: [...nodes], counts: [...counts] },
});

/** Whether `a` happened before `b` (see `EventHeader`). */
const isBefore = (a: TraceEvent, b: TraceEvent): boolean => (b.clock[a.node] ?? 0) >= a.seq && a !== b;

/** What the tracer recorded last, after whatever it is to record now. */
function recorded(tracer: Tracer, detail: TraceDetail): TraceEvent {
  tracer.record(detail);
  return newestOf(tracer);
}

function newestOf({ log, seq }: Tracer): TraceEvent {
  const [event] = log.recent(seq - 1);
  if (event === undefined) throw new Error('nothing was recorded');
  return event;
}

function storedEvents(tracer: Tracer): TraceEvent[] {
  tracer.log.flush();
  const events: TraceEvent[] = [];
  for (let after: number | null = 0; after !== null;) {
    const { lines, next } = tracer.log.page(after);
    for (const line of lines.split('\n')) if (line !== '') events.push(JSON.parse(line) as TraceEvent);
    after = next;
  }
  return events;
}

describe('vector clocks', () => {
  it('order what is connected by messages, and nothing else', () => {
    const scene = new Scene();
    const [a, b, c] = ['A', 'B', 'C'].map((name) => scene.tracer(name)) as [Tracer, Tracer, Tracer];
    const alone = recorded(c, { kind: 'campaign' });
    const first = recorded(a, { kind: 'campaign' });
    const stamp = copyOf(a.sent(ping('A', 'B')));
    const later = recorded(a, { kind: 'paused' });
    const before = recorded(b, { kind: 'campaign' });
    b.received(ping('A', 'B'), stamp);
    const after = recorded(b, { kind: 'paused' });
    const relayed = copyOf(b.sent(ping('B', 'C')));
    c.received(ping('B', 'C'), relayed);
    const last = recorded(c, { kind: 'paused' });
    const ordered = [
      [first, after],
      [first, last],
      [before, last],
    ] as const;
    for (const [one, other] of ordered)
      expect([isBefore(one, other), isBefore(other, one)]).toEqual([true, false]);
    const apart = [
      [later, after],
      [before, first],
      [alone, after],
    ] as const;
    for (const [one, other] of apart)
      expect([isBefore(one, other), isBefore(other, one)]).toEqual([false, false]);
  });

  it('never go back for a message that comes late or twice, or that knows better than this node itself', () => {
    const scene = new Scene();
    const [a, b] = [scene.tracer('A'), scene.tracer('B')];
    const [old, recent] = [copyOf(a.sent(ping('A', 'B', 1))), copyOf(a.sent(ping('A', 'B', 2)))];
    b.received(ping('A', 'B', 2), recent);
    b.received(ping('A', 'B', 1), old);
    const knowing = { nodes: [...old.clock.nodes, id('B')], counts: [...old.clock.counts, RUN_LENGTH * 99] };
    b.received(ping('A', 'B', 1), { ...old, clock: knowing });
    const { seq, clock } = recorded(b, { kind: 'paused' });
    expect(clock).toEqual({ [id('A')]: recent.seq, [id('B')]: seq });
    expect(countOf(seq)).toBe(4);
  });

  it('stay small: whom a node has known longest is forgotten first, and never the node itself', () => {
    const tracer = new Scene().tracer('A');
    for (let peer = 0; peer < 300; peer += 1) {
      const from = id(`peer-${String(peer).padStart(3, '0')}x`);
      tracer.received(
        { type: 'ping', from, to: id('A'), nonce: 1 },
        { seq: 1, time: 0, clock: { nodes: [from], counts: [1] } },
      );
    }
    const { clock, seq } = recorded(tracer, { kind: 'paused' });
    expect(Object.keys(clock)).toHaveLength(101);
    expect(clock[id('A')]).toBe(seq);
    expect(clock[id('peer-299x')]).toBe(1);
    expect(clock[id('peer-100x')]).toBeUndefined();
  });
});

describe('a run', () => {
  it('has numbers of its own, even where the end of the one before was never stored', () => {
    const scene = new Scene();
    const store = new MemoryTrace(MAX_BYTES);
    const before = scene.tracer('A', store);
    before.record({ kind: 'campaign' });
    before.log.flush();
    before.record({ kind: 'paused' }); // dies with its process
    const after = scene.tracer('A', new MemoryTrace(MAX_BYTES, store));
    after.record({ kind: 'resumed' });
    const events = storedEvents(after);
    expect(events.map(({ seq, kind }) => [runOf(seq), countOf(seq), kind])).toEqual([
      [1, 1, 'campaign'],
      [2, 1, 'resumed'],
    ]);
  });
});

describe('the log', () => {
  it('looks at events only after what the node does next, and tells them as they were', () => {
    const scene = new Scene();
    const [a, b] = [scene.tracer('A'), scene.tracer('B')];
    const begun = scene.clock.now();
    let looks = 0;
    const campaign: TraceDetail = {
      get kind(): 'campaign' {
        looks += 1;
        return 'campaign';
      },
    };
    const stamp = b.sent(ping('B', 'A'));
    a.name = 'first';
    a.record(campaign);
    scene.clock.advance(1);
    a.name = 'second';
    a.received(ping('B', 'A'), copyOf(stamp));
    a.record(campaign);
    expect(looks).toBe(0);
    const told = a.log.recent(0);
    expect(
      told.map(({ kind, name, time, clock }) => [kind, name, time - begun, clock[id('B')] ?? 0]),
    ).toEqual([
      ['campaign', 'first', 0, 0],
      ['receive', 'second', 1, stamp.seq],
      ['campaign', 'second', 1, stamp.seq],
    ]);
    looks = 0;
    a.record(campaign);
    scene.clock.advance(249);
    expect(looks).toBe(0);
    scene.clock.advance(1);
    expect(looks).toBeGreaterThan(0);
  });

  it('looks at many of them before any timer', () => {
    const tracer = new Scene().tracer('A');
    const looked = new Set<number>();
    for (let count = 0; count < 1000; count += 1) {
      tracer.record({
        get kind(): 'campaign' {
          looked.add(count);
          return 'campaign';
        },
      });
    }
    expect(looked.size).toBe(1000);
  });

  it('stores what is new together, a little later', () => {
    const scene = new Scene();
    const chunks: TraceChunk[] = [];
    const memory = new MemoryTrace(MAX_BYTES);
    const tracer = scene.tracer('A', {
      run: 1,
      append: (chunk) => {
        chunks.push(chunk);
        memory.append(chunk);
      },
      next: (after) => memory.next(after),
      close: () => memory.close(),
    });
    for (let count = 0; count < 3; count += 1) tracer.record({ kind: 'campaign' });
    expect(chunks).toEqual([]);
    scene.clock.advance(250);
    expect(storedEvents(tracer).map(({ kind }) => kind)).toEqual(Array(3).fill('campaign'));
    expect(chunks.map(({ bytes }) => readBlock(bytes).length)).toEqual([3]);
  });

  it('hands out pages that a data channel carries, and loses nothing between them', () => {
    const tracer = new Scene().tracer('A');
    for (let count = 0; count < 5000; count += 1) tracer.sent(ping('A', 'B', count));
    tracer.log.flush();
    const { lines } = tracer.log.page(0);
    expect(lines.length).toBeLessThan(32_768);
    expect(lines.split('\n').length).toBeGreaterThan(20);
    const events = storedEvents(tracer);
    expect(events.map(({ seq }) => countOf(seq))).toEqual(Array.from({ length: 5000 }, (_, at) => at + 1));
  });

  it('goes on behind a block that it cannot read, as another release may have written it', () => {
    const scene = new Scene();
    const store = new MemoryTrace(MAX_BYTES);
    store.append({ last: RUN_LENGTH + 3, bytes: Uint8Array.of(0, 1, 2, 3) });
    const tracer = scene.tracer('A', new MemoryTrace(MAX_BYTES, store));
    tracer.record({ kind: 'paused' });
    tracer.log.flush();
    expect(tracer.log.page(0)).toEqual({ lines: '', next: RUN_LENGTH + 3 });
    expect(storedEvents(tracer).map(({ kind }) => kind)).toEqual(['paused']);
  });

  it('has the newest at hand', () => {
    const tracer = new Scene().tracer('A');
    for (let count = 0; count < 20_000; count += 1) tracer.record({ kind: 'campaign' });
    const recent = tracer.log.recent(RUN_LENGTH + 19_990);
    expect(recent.map(({ seq }) => countOf(seq))).toEqual(Array.from({ length: 10 }, (_, at) => 19_991 + at));
    expect(tracer.log.recent(tracer.seq)).toEqual([]);
    expect(tracer.log.recent(0).length).toBeLessThanOrEqual(20_000);
  });

  it('tells whoever goes on watching the same events as whoever comes late', () => {
    const tracer = new Scene().tracer('A');
    const watched: TraceEvent[] = [];
    for (let count = 0; count < 300; count += 1) {
      tracer.sent(ping('A', 'B', count));
      if (count === 150) tracer.name = 'A';
      if (count % 7 === 0) watched.push(...tracer.log.recent(watched.at(-1)?.seq ?? 0));
    }
    watched.push(...tracer.log.recent(watched.at(-1)?.seq ?? 0));
    expect(watched).toHaveLength(300);
    expect(watched).toEqual(tracer.log.recent(0));
  });

  it('tells once that its store fails, and goes on without it', () => {
    const scene = new Scene();
    const tracer = scene.tracer('A', {
      run: 1,
      append: () => {
        throw new Error('no space');
      },
      next: () => null,
      close: () => undefined,
    });
    for (let count = 0; count < 3; count += 1) {
      tracer.record({ kind: 'campaign' });
      tracer.log.flush();
    }
    expect(scene.failures).toEqual(['no space']);
    expect(tracer.log.recent(0)).toHaveLength(3);
  });
});

describe('a stamp', () => {
  const read = (reader: StampReader, writer: Writer): Stamp | null => {
    const bytes = new Reader(writer.finish());
    const stamp = reader.read(bytes);
    bytes.end();
    return stamp;
  };

  it('says to a link what it has not said before, and all of it to one that may be overtaken', () => {
    const scene = new Scene();
    const [a, b] = [scene.tracer('A'), scene.tracer('B')];
    const [stamps, theirs] = [new StampWriter(), new StampReader()];
    const sizes: number[] = [];
    const send = (isSent = true): Stamp | null => {
      const stamp = a.sent(ping('A', 'B'));
      const writer = new Writer();
      stamps.write(writer, stamp);
      sizes.push(writer.finish().length);
      if (!isSent) return null;
      stamps.onSent();
      const received = read(theirs, writer);
      if (received !== null) b.received(ping('A', 'B'), received);
      expect(recorded(b, { kind: 'paused' }).clock[id('A')]).toBe(stamp.seq);
      return received;
    };
    expect(send(false)).toBeNull();
    expect(send()?.clock.nodes).toEqual([id('A')]);
    expect(send()?.clock.nodes).toEqual([id('A')]);
    a.received(ping('C', 'A'), { seq: 5, time: 1, clock: { nodes: [id('C'), id('D')], counts: [5, 7] } });
    expect(send()?.clock).toMatchObject({ nodes: [id('A'), id('C'), id('D')] });
    expect(send()?.clock.nodes).toEqual([id('A')]);
    const [unsent, first, second, withOthers, last] = sizes;
    expect(unsent).toBe(first);
    expect(second).toBeLessThan(first ?? 0);
    expect(withOthers).toBeGreaterThan(second ?? 0);
    expect(last).toBe(second);
    const whole = new Writer();
    const stamp = a.sent(ping('A', 'B'));
    writeWholeStamp(whole, stamp);
    expect(read(new StampReader(), whole)?.clock).toEqual(stamp.clock);
  });

  it('of a node that was never named is refused', () => {
    const writer = new Writer();
    for (const value of [1, 1, 1, 1, 3]) writer.integer(value);
    expect(() => read(new StampReader(), writer)).toThrow('a clock has the node 3 of 0');
  });
});

describe('clients’ operations', () => {
  it('stand before whatever happens after they were asked for, and know no more', () => {
    const scene = new Scene();
    const [a, b] = [scene.tracer('A'), scene.tracer('B')];
    const stamp = copyOf(b.sent(ping('B', 'A')));
    a.operations.follow('read', 'k', asIs, () => undefined);
    a.received(ping('B', 'A'), stamp);
    const [asked, received] = a.log.recent(0);
    expect([asked?.kind, received?.kind]).toEqual(['invoke', 'receive']);
    expect([asked?.clock[b.node], received?.clock[b.node]]).toEqual([undefined, stamp.seq]);
  });

  it('count with the newest events, be they told or not', () => {
    const tracer = new Scene().tracer('A');
    const before = tracer.seq;
    tracer.operations.follow('read', 'k', asIs, () => undefined);
    expect(tracer.seq).toBe(before + 1);
    expect(newestOf(tracer)).toMatchObject({ kind: 'invoke', keys: ['k'] });
  });
});
