import { describe, expect, it } from 'vitest';
import type { PingMessage } from '../../src/core/message.ts';
import { Pinger } from '../../src/runtime/pinger.ts';
import { id, nameOf } from '../support/core-cluster.ts';
import { ManualClock } from '../support/manual-clock.ts';

const PERIOD_MS = 1000;
const SILENCE_MS = 3000;

/** The pinger of A. Answers come when the test lets them. */
class Scene {
  readonly clock = new ManualClock();
  #sent: PingMessage[] = [];
  readonly pinger = new Pinger(
    { id: id('A'), periodMs: PERIOD_MS, silenceMs: SILENCE_MS },
    this.clock,
    (message) => this.#sent.push(message),
  );

  /** What was sent since the last call. */
  sent(): PingMessage[] {
    return this.#sent.splice(0);
  }

  /** To whom it was sent since the last call. */
  sentTo(): string {
    return this.sent()
      .map(({ type, to }) => `${type} ${nameOf(to)}`)
      .join(', ');
  }

  /** The member's answer to this ping. */
  answer(ping: PingMessage | undefined, from = ping?.to): void {
    if (ping === undefined || from === undefined) throw new Error('there is no ping to answer');
    this.pinger.receive({ type: 'pong', from, to: id('A'), nonce: ping.nonce });
  }
}

describe('pings', () => {
  it('go to every linked member, at once and then every period', () => {
    const scene = new Scene();
    scene.clock.advance(5 * PERIOD_MS);
    expect(scene.sentTo()).toBe('');
    scene.pinger.setLinks([id('B'), id('C')]);
    expect(scene.sentTo()).toBe('ping B, ping C');
    scene.clock.advance(PERIOD_MS);
    expect(scene.sentTo()).toBe('ping B, ping C');
    scene.pinger.setLinks([id('C'), id('D')]);
    expect(scene.sentTo()).toBe('ping D');
    scene.clock.advance(PERIOD_MS);
    expect(scene.sentTo()).toBe('ping C, ping D');
  });

  it('are spared whoever is heard anyway, but for every fifth, which measures', () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B'), id('C')]);
    scene.sent();
    const pinged: string[] = [];
    for (let period = 1; period <= 11; period += 1) {
      scene.clock.advance(PERIOD_MS / 2);
      scene.pinger.heard(id('B'));
      scene.clock.advance(PERIOD_MS / 2);
      if (scene.sentTo().includes('ping B')) pinged.push(`period ${period}`);
    }
    expect(pinged).toEqual(['period 5', 'period 10']);
    scene.clock.advance(PERIOD_MS);
    expect(scene.sentTo()).toBe('ping B, ping C');
  });

  it('end with the pinger', () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    scene.pinger.close();
    scene.sent();
    scene.clock.advance(5 * PERIOD_MS);
    expect(scene.sentTo()).toBe('');
    expect(scene.pinger.isReachable(id('B'))).toBe(false);
  });

  it('are answered with their own number, to whoever asks', () => {
    const scene = new Scene();
    scene.pinger.receive({ type: 'ping', from: id('B'), to: id('A'), nonce: 77 });
    expect(scene.sent()).toEqual([{ type: 'pong', from: id('A'), to: id('B'), nonce: 77 }]);
  });
});

describe('who can be reached', () => {
  it('is whoever has been heard within the silence allowed; a new link counts as heard', () => {
    const scene = new Scene();
    const { pinger, clock } = scene;
    expect(pinger.isReachable(id('B'))).toBe(false);
    pinger.setLinks([id('B')]);
    clock.advance(SILENCE_MS);
    expect(pinger.isReachable(id('B'))).toBe(true);
    clock.advance(1);
    expect(pinger.isReachable(id('B'))).toBe(false);
    pinger.heard(id('B'));
    expect(pinger.isReachable(id('B'))).toBe(true);
  });

  it('is nobody without a link, whatever is heard', () => {
    const { pinger } = new Scene();
    pinger.heard(id('B'));
    expect(pinger.isReachable(id('B'))).toBe(false);
  });

  it('is asked anew after the link is lost and found', () => {
    const scene = new Scene();
    const { pinger, clock } = scene;
    pinger.setLinks([id('B')]);
    clock.advance(40);
    scene.answer(scene.sent()[0]);
    expect(pinger.roundTripMs(id('B'))).toBe(40);
    pinger.setLinks([]);
    expect([pinger.isReachable(id('B')), pinger.roundTripMs(id('B'))]).toEqual([false, null]);
    pinger.setLinks([id('B')]);
    expect([pinger.isReachable(id('B')), pinger.roundTripMs(id('B'))]).toEqual([true, null]);
  });
});

describe('round trips', () => {
  it('are measured from each ping to its own answer, in whatever order they come', () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    const [first] = scene.sent();
    scene.clock.advance(PERIOD_MS);
    const [second] = scene.sent();
    scene.clock.advance(30);
    scene.answer(second);
    expect(scene.pinger.roundTripMs(id('B'))).toBe(30);
    scene.answer(first);
    expect(scene.pinger.roundTripMs(id('B'))).toBe(PERIOD_MS + 30);
  });

  it('are not measured twice, nor from an answer of somebody else', () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B'), id('C')]);
    const [toB] = scene.sent();
    scene.clock.advance(20);
    scene.answer(toB, id('C'));
    scene.answer(toB, id('X'));
    expect([scene.pinger.roundTripMs(id('B')), scene.pinger.roundTripMs(id('C'))]).toEqual([null, null]);
    scene.answer(toB);
    scene.clock.advance(500);
    scene.answer(toB);
    expect(scene.pinger.roundTripMs(id('B'))).toBe(20);
  });

  it('of pings long unanswered are forgotten: eight are kept', () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    scene.clock.advance(8 * PERIOD_MS);
    const [first, second] = scene.sent();
    scene.answer(first);
    expect(scene.pinger.roundTripMs(id('B'))).toBeNull();
    scene.answer(second);
    expect(scene.pinger.roundTripMs(id('B'))).toBe(7 * PERIOD_MS);
  });
});

describe('one ping on demand', () => {
  it('gives the time to its answer, not to another’s', async () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    const [periodic] = scene.sent();
    scene.clock.advance(10);
    const asked = scene.pinger.ping(id('B'), 5000);
    const [onDemand] = scene.sent();
    scene.clock.advance(25);
    scene.answer(periodic);
    scene.clock.advance(5);
    scene.answer(onDemand);
    expect(await asked).toBe(30);
  });

  it('is measured however many are asked for at once', async () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    scene.sent();
    const asked = Array.from({ length: 20 }, () => scene.pinger.ping(id('B'), 5000));
    scene.clock.advance(7);
    for (const ping of scene.sent()) scene.answer(ping);
    scene.clock.advance(5000);
    expect(await Promise.all(asked)).toEqual(asked.map(() => 7));
  });

  it('is null without a link, at once, and sends nothing', async () => {
    const scene = new Scene();
    expect(await scene.pinger.ping(id('B'), 5000)).toBeNull();
    expect(scene.sentTo()).toBe('');
  });

  it('is null when its time is up, and an answer that comes later is nothing', async () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    scene.sent();
    const asked = scene.pinger.ping(id('B'), 500);
    const [onDemand] = scene.sent();
    scene.clock.advance(500);
    expect(await asked).toBeNull();
    scene.answer(onDemand);
    expect(await asked).toBeNull();
  });

  it('keeps no timer once it is answered', async () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    scene.sent();
    const before = scene.clock.pendingTimers;
    const asked = scene.pinger.ping(id('B'), 60_000);
    scene.answer(scene.sent()[0]);
    expect(await asked).toBe(0);
    expect(scene.clock.pendingTimers).toBe(before);
  });

  it('is answered however many periodic ones follow it', async () => {
    const scene = new Scene();
    scene.pinger.setLinks([id('B')]);
    scene.sent();
    const asked = scene.pinger.ping(id('B'), 60_000);
    const [onDemand] = scene.sent();
    scene.clock.advance(20 * PERIOD_MS);
    scene.answer(onDemand);
    expect(await asked).toBe(20 * PERIOD_MS);
  });
});
