import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import type { Message } from '../../src/core/message.ts';
import { MAX_FRAME_BYTES, type Carrier } from '../../src/transport/link.ts';
import { LinkSession } from '../../src/transport/session.ts';

/** The two ends of one link, opening, and what releases whatever lies below. */
export interface LinkUnderTest {
  readonly ends: readonly [Carrier, Carrier];
  readonly release: () => void;
}

const A = 'member-A00000000' as MemberId;
const B = 'member-B00000000' as MemberId;

function bytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, position) => (position * 31 + seed) % 256);
}

/** Collects what an end reports. */
class Watcher {
  isOpen = false;
  readonly frames: Uint8Array[] = [];
  closings = 0;

  constructor(readonly carrier: Carrier) {
    carrier.onOpen = () => (this.isOpen = true);
    carrier.onFrame = (frame) => this.frames.push(frame.slice());
    carrier.onClose = () => (this.closings += 1);
  }
}

/** What every carrier must do (see `Carrier`), and what a session makes of it. */
export function carrierContract(name: string, make: () => LinkUnderTest): void {
  describe(`carrier contract: ${name}`, () => {
    const releases: (() => void)[] = [];
    afterEach(() => {
      for (const release of releases.splice(0)) release();
    });

    // In one task, so that handlers are set before the first event.
    const link = (): LinkUnderTest => {
      const made = make();
      releases.push(made.release);
      return made;
    };

    const open = async (): Promise<[Watcher, Watcher]> => {
      const { ends } = link();
      const watchers: [Watcher, Watcher] = [new Watcher(ends[0]), new Watcher(ends[1])];
      await vi.waitFor(() => expect(watchers.every(({ isOpen }) => isOpen)).toBe(true), 10_000);
      return watchers;
    };

    it('carries frames whole, in order, both ways', async () => {
      const [left, right] = await open();
      const sent = [1, 2, 500, 16_384, 3].map((length, seed) => bytes(length, seed));
      for (const frame of sent) {
        expect(left.carrier.send(frame.slice())).toBe(true);
        expect(right.carrier.send(frame.slice())).toBe(true);
      }
      await vi.waitFor(() => expect([left.frames.length, right.frames.length]).toEqual([5, 5]), 10_000);
      expect(right.frames).toEqual(sent);
      expect(left.frames).toEqual(sent);
    });

    it('carries a frame that is a part, or all, of a buffer, which the sender writes anew at once', async () => {
      const [left, right] = await open();
      const whole = bytes(100);
      for (const frame of [whole.subarray(10, 20), whole]) {
        expect(left.carrier.send(frame)).toBe(true);
        expect(whole).toEqual(bytes(100));
      }
      whole.fill(0);
      await vi.waitFor(() => expect(right.frames).toHaveLength(2), 10_000);
      expect(right.frames).toEqual([bytes(100).slice(10, 20), bytes(100)]);
    });

    it('carries the largest frame, and refuses a larger one', async () => {
      const [left, right] = await open();
      expect(left.carrier.send(bytes(MAX_FRAME_BYTES + 1))).toBe(false);
      expect(left.carrier.send(bytes(MAX_FRAME_BYTES))).toBe(true);
      await vi.waitFor(() => expect(right.frames).toHaveLength(1), 10_000);
      expect(right.frames[0]).toEqual(bytes(MAX_FRAME_BYTES));
    });

    it('tells both sides once that it is closed, and sends nothing after', async () => {
      const [left, right] = await open();
      left.carrier.close();
      left.carrier.close();
      await vi.waitFor(() => expect(right.closings).toBe(1), 10_000);
      expect(left.closings).toBe(1);
      expect(left.carrier.send(bytes(1))).toBe(false);
      expect(right.carrier.send(bytes(1))).toBe(false);
    });

    it('carries a session: hello, messages of any size, and the end', async () => {
      const { ends } = link();
      const log: { to: string; message: Message }[] = [];
      const opened: string[] = [];
      const closed: string[] = [];
      const session = (carrier: Carrier, self: MemberId): LinkSession =>
        new LinkSession(
          carrier,
          {
            clusterId: 'cluster-of-tests',
            self,
            after(delayMs, callback) {
              const timer = setTimeout(callback, delayMs);
              return () => clearTimeout(timer);
            },
          },
          {
            onOpen: (member) => opened.push(`${self} ${member}`),
            onMessage: (message) => log.push({ to: self, message }),
            onRefused: (reason) =>
              log.push({ to: reason, message: { type: 'ping', from: self, to: self, nonce: 0 } }),
            onClose: () => closed.push(self),
          },
        );
      const [left, right] = [session(ends[0], A), session(ends[1], B)];
      await vi.waitFor(() => expect(opened.sort()).toEqual([`${A} ${B}`, `${B} ${A}`]), 10_000);

      const command = bytes(200_000);
      const entries = [{ index: 1, term: 1, payload: { kind: 'command' as const, command, timeMs: 0 } }];
      const append: Message = {
        type: 'appendRequest',
        from: A,
        to: B,
        term: 1,
        prevIndex: 0,
        prevTerm: 0,
        commitIndex: 0,
        entries,
      };
      const ping: Message = { type: 'ping', from: B, to: A, nonce: 7 };
      expect(left.send(append)).toBe(true);
      expect(right.send(ping)).toBe(true);
      await vi.waitFor(() => expect(log).toHaveLength(2), 10_000);
      expect(log.find(({ to }) => to === B)?.message).toEqual(append);
      expect(log.find(({ to }) => to === A)?.message).toEqual(ping);

      left.close();
      await vi.waitFor(() => expect(closed.sort()).toEqual([A, B]), 10_000);
      expect(right.send(ping)).toBe(false);
    });
  });
}
