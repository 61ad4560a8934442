import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { MAX_FRAME_BYTES, type Carrier } from '../../src/transport/link.ts';
import { createMemoryLink } from '../../src/transport/memory.ts';
import { encodeMessage } from '../../src/core/message-codec.ts';
import { LinkSession } from '../../src/transport/session.ts';
import { id, nameOf } from '../support/core-cluster.ts';
import { framesOf, helloFrame } from '../support/frames.ts';
import { ManualClock } from '../support/manual-clock.ts';

const CLUSTER = 'cluster-of-tests';
const HELLO_PERIOD_MS = 250;
const RETRY_PERIOD_MS = 10;

const ping = (from: string, to: string, nonce = 1): Message => ({
  type: 'ping',
  from: id(from),
  to: id(to),
  nonce,
});

/** An append of so many bytes, that is of several frames where there are many. */
const append = (from: string, to: string, length: number): Message => ({
  type: 'appendRequest',
  from: id(from),
  to: id(to),
  term: 1,
  prevIndex: 0,
  prevTerm: 0,
  entries: [{ index: 1, term: 1, payload: { kind: 'command', command: new Uint8Array(length), timeMs: 0 } }],
  commitIndex: 0,
});

/** A carrier that counts what it is given, and loses it when told so. */
class LossyCarrier implements Carrier {
  framesSent = 0;
  isLosing = false;
  /** Frames that still fit; a real carrier has a buffer of so many bytes. */
  room = Number.POSITIVE_INFINITY;

  constructor(private readonly carrier: Carrier) {}

  send(frame: Uint8Array<ArrayBuffer>): boolean {
    if (this.room === 0) return false;
    this.room -= 1;
    this.framesSent += 1;
    return this.isLosing || this.carrier.send(frame);
  }

  get bufferedBytes(): number {
    return this.carrier.bufferedBytes;
  }

  close(): void {
    this.carrier.close();
  }

  set onOpen(callback: () => void) {
    this.carrier.onOpen = callback;
  }
  set onFrame(callback: (frame: Uint8Array) => void) {
    this.carrier.onFrame = callback;
  }
  set onClose(callback: () => void) {
    this.carrier.onClose = callback;
  }
}

/** A link between two workers, and what each session told its owner. */
class Scene {
  readonly clock = new ManualClock();
  readonly ends = createMemoryLink((callback) => this.clock.soon(callback)).map(
    (carrier) => new LossyCarrier(carrier),
  ) as [LossyCarrier, LossyCarrier];

  session(end: 0 | 1, name: string, clusterId = CLUSTER): { session: LinkSession; log: string[] } {
    const log: string[] = [];
    const session = new LinkSession(
      this.ends[end],
      { clusterId, self: id(name), after: (delayMs, callback) => this.clock.after(delayMs, callback) },
      {
        onOpen: (member) => log.push(`open to ${nameOf(member)}`),
        onMessage: (message) => log.push(message.type === 'ping' ? `ping ${message.nonce}` : message.type),
        onRefused: (reason) => log.push(`refused: ${reason}`),
        onClose: () => log.push('closed'),
      },
    );
    return { session, log };
  }

  /** Both sides introduced, nothing under way. */
  introduced(): { a: LinkSession; b: LinkSession; logA: string[]; logB: string[] } {
    const left = this.session(0, 'A');
    const right = this.session(1, 'B');
    this.clock.settle();
    expect([left.log, right.log]).toEqual([['open to B'], ['open to A']]);
    left.log.length = 0;
    right.log.length = 0;
    return { a: left.session, b: right.session, logA: left.log, logB: right.log };
  }
}

describe('the hello', () => {
  it('opens the link on both sides, once, and says who is there', () => {
    const scene = new Scene();
    const { a, b } = scene.introduced();
    expect([a.member, b.member]).toEqual([id('B'), id('A')]);
  });

  it('stops on both sides once both know that theirs has arrived', () => {
    const scene = new Scene();
    scene.introduced();
    const sent = scene.ends.map(({ framesSent }) => framesSent);
    expect(scene.clock.pendingTimers).toBe(0);
    scene.clock.advance(10 * HELLO_PERIOD_MS);
    expect(scene.ends.map(({ framesSent }) => framesSent)).toEqual(sent);
    expect(Math.max(...sent)).toBeLessThanOrEqual(8);
  });

  it.each<[string, (0 | 1)[]]>([
    ['of one side', [0]],
    ['of the other side', [1]],
    ['of both', [0, 1]],
  ])('is repeated while the first ones %s are lost', (_who, losing) => {
    const scene = new Scene();
    for (const end of losing) scene.ends[end].isLosing = true;
    const { log: logA } = scene.session(0, 'A');
    const { log: logB } = scene.session(1, 'B');
    scene.clock.advance(3 * HELLO_PERIOD_MS);
    expect(logA.length + logB.length).toBe(2 - losing.length);
    for (const end of losing) scene.ends[end].isLosing = false;
    scene.clock.advance(HELLO_PERIOD_MS);
    expect([logA, logB]).toEqual([['open to B'], ['open to A']]);
    expect(scene.clock.pendingTimers).toBe(0);
  });

  it('is repeated until somebody is there', () => {
    const scene = new Scene();
    scene.session(0, 'A');
    scene.clock.advance(8 * HELLO_PERIOD_MS);
    expect(scene.ends[0].framesSent).toBeGreaterThanOrEqual(9);
    const { log } = scene.session(1, 'B');
    scene.clock.advance(HELLO_PERIOD_MS);
    expect(log).toEqual(['open to A']);
  });

  it('ends with the link, acknowledged or not', () => {
    const scene = new Scene();
    const { session, log } = scene.session(0, 'A');
    session.close();
    session.close();
    expect(scene.clock.pendingTimers).toBe(0);
    expect(log).toEqual(['closed']);
  });

  it('of another cluster is refused by both, and no link opens', () => {
    const scene = new Scene();
    const left = scene.session(0, 'A', 'cluster-one');
    const right = scene.session(1, 'B', 'cluster-two');
    scene.clock.settle();
    expect(new Set(left.log)).toEqual(new Set(['refused: the other tab belongs to another cluster']));
    expect(new Set(right.log)).toEqual(new Set(['refused: the other tab belongs to another cluster']));
    expect([left.session.member, right.session.member]).toEqual([null, null]);
    expect(left.session.send(ping('A', 'B'))).toBe(false);
  });

  it('of a tab that claims to be this member is refused', () => {
    const scene = new Scene();
    const { log } = scene.session(0, 'A');
    scene.session(1, 'A');
    scene.clock.settle();
    expect(new Set(log)).toEqual(new Set(['refused: the other tab claims to be this member']));
  });

  it('of another member on an open link is refused, and the link keeps its member', () => {
    const scene = new Scene();
    const { a, logA } = scene.introduced();
    scene.session(1, 'C');
    scene.clock.settle();
    expect(new Set(logA)).toEqual(new Set(['refused: a link never changes its member']));
    expect(a.member).toBe(id('B'));
  });
});

describe('messages', () => {
  it('arrive in order on both sides, large ones too', () => {
    const scene = new Scene();
    const { a, b, logA, logB } = scene.introduced();
    expect([
      a.send(ping('A', 'B', 1)),
      a.send(append('A', 'B', 1024 * 1024)),
      a.send(ping('A', 'B', 2)),
    ]).toEqual([true, true, true]);
    expect(b.send(ping('B', 'A', 3))).toBe(true);
    scene.clock.settle();
    expect([logA, logB]).toEqual([['ping 3'], ['ping 1', 'appendRequest', 'ping 2']]);
  });

  it('before the hello are not sent, and are refused when they come', () => {
    const scene = new Scene();
    const { session, log } = scene.session(0, 'A');
    expect(session.send(ping('A', 'B'))).toBe(false);
    for (const frame of framesOf(Uint8Array.of(0, ...encodeMessage(ping('B', 'A'))), 1))
      scene.ends[1].send(frame);
    scene.clock.settle();
    expect(log).toEqual(['refused: a message comes before the hello']);
  });

  it('in another member’s name, or to another member, are refused', () => {
    const scene = new Scene();
    const { a, b, logB } = scene.introduced();
    a.send(ping('C', 'B'));
    a.send(ping('A', 'C'));
    a.send(ping('A', 'B'));
    scene.clock.settle();
    expect(logB).toEqual([
      'refused: a message names another sender than the link’s member',
      'refused: a message is meant for another member',
      'ping 1',
    ]);
    expect(b.member).toBe(id('A'));
  });

  it('larger than the carrier’s buffer arrive as room comes free', () => {
    const scene = new Scene();
    const { a, logB } = scene.introduced();
    scene.ends[0].room = 1;
    expect(a.send(append('A', 'B', 5 * MAX_FRAME_BYTES))).toBe(true);
    scene.clock.advance(1000);
    expect(logB).toEqual([]);
    for (let count = 0; count < 5; count += 1) {
      scene.ends[0].room = 1;
      scene.clock.advance(RETRY_PERIOD_MS);
    }
    expect(logB).toEqual(['appendRequest']);
    expect(scene.clock.pendingTimers).toBe(0);
  });

  it('are refused while a large one waits for room, if they are large; small ones overtake it', () => {
    const scene = new Scene();
    const { a, logB } = scene.introduced();
    scene.ends[0].room = 1;
    expect(a.send(append('A', 'B', 3 * MAX_FRAME_BYTES))).toBe(true);
    expect(a.send(ping('A', 'B', 1))).toBe(false);
    scene.ends[0].room = 1;
    expect(a.send(append('A', 'B', 2 * MAX_FRAME_BYTES))).toBe(false);
    expect(a.send(ping('A', 'B', 2))).toBe(true);
    scene.ends[0].room = Number.POSITIVE_INFINITY;
    scene.clock.advance(RETRY_PERIOD_MS);
    expect(a.send(append('A', 'B', 2 * MAX_FRAME_BYTES))).toBe(true);
    scene.clock.settle();
    expect(logB).toEqual(['ping 2', 'appendRequest', 'appendRequest']);
  });

  it('are given up with the link, whatever still waits for room', () => {
    const scene = new Scene();
    const { a, logB } = scene.introduced();
    scene.ends[0].room = 1;
    a.send(append('A', 'B', 3 * MAX_FRAME_BYTES));
    a.close();
    expect(scene.clock.pendingTimers).toBe(0);
    scene.clock.settle();
    expect(logB).toEqual(['closed']);
  });

  it('after the end are not sent, and no longer heard', () => {
    const scene = new Scene();
    const { a, b, logA, logB } = scene.introduced();
    b.send(ping('B', 'A'));
    a.close();
    expect(a.send(ping('A', 'B'))).toBe(false);
    scene.clock.settle();
    expect(b.send(ping('B', 'A'))).toBe(false);
    expect(logA).toEqual(['closed']);
    expect(logB).toEqual(['closed']);
  });
});

describe('garbage', () => {
  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ['frame version none instead of 2', new Uint8Array()],
    ['frame version 77 instead of 2', Uint8Array.of(77, 1, 2, 3)],
    ['9 is no kind of frame', Uint8Array.of(2, 9)],
    ['200 is no type of message', Uint8Array.of(2, 1, 0, 200)],
    ['it ends too early', Uint8Array.of(2, 1)],
    ['3 is no form of a stamp', Uint8Array.of(2, 1, 3)],
    ['it ends too early', helloFrame(Uint8Array.of(1))],
    ['90 bytes where at most 64 may be', helloFrame(new Uint8Array(91).fill(90))],
  ])('is refused (%s), and the link goes on', (reason, frame) => {
    const scene = new Scene();
    const { a, logB } = scene.introduced();
    scene.ends[0].send(frame);
    a.send(ping('A', 'B'));
    scene.clock.settle();
    expect(logB).toEqual([`refused: ${reason}`, 'ping 1']);
  });

  it('behind a valid hello makes it invalid', () => {
    const scene = new Scene();
    const { log } = scene.session(1, 'B');
    const hello = [CLUSTER, id('A')].flatMap((text) => [text.length, ...new TextEncoder().encode(text)]);
    scene.ends[0].send(helloFrame(Uint8Array.of(...hello, 0, 0, 0)));
    scene.clock.settle();
    scene.ends[0].send(helloFrame(Uint8Array.of(...hello, 0, 2)));
    scene.clock.settle();
    scene.ends[0].send(helloFrame(Uint8Array.of(...hello, 0, 0)));
    scene.clock.settle();
    expect(log).toEqual([
      'refused: 1 bytes follow its end',
      'refused: 2 is neither true nor false',
      'open to A',
    ]);
  });
});
