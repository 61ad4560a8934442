import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaultRule, Status } from '../../src/api.ts';
import type { ClusterPort } from '../../src/client/cluster.ts';
import { unreached } from '../../src/client/endpoint.ts';
import { LESSONS, type LessonName } from '../../src/lessons/catalog.ts';
import { hindranceOf } from '../../src/lessons/hindrance.ts';
import { LessonRun, type Script } from '../../src/lessons/run.ts';
import { describeScene, disorderIn, sceneOf, termAt, type Scene } from '../../src/lessons/scene.ts';
import { findScript } from '../../src/lessons/play.ts';
import type { StagePorts } from '../../src/lessons/stage.ts';
import type { LessonView, PageView } from '../../src/ui/view.ts';
import { NodeCluster } from '../support/node-cluster.ts';
import { liveNode, member, readyView } from '../ui/fake-controller.ts';

/** Somebody who reads: told of every view, and able to press what is there. */
interface Reader {
  readonly run: LessonRun;
  readonly view: () => LessonView;
}

function readerOf(name: LessonName, ports: StagePorts, react: (reader: Reader) => void): Reader {
  const shown: LessonView[] = [];
  const view = (): LessonView => {
    const last = shown.at(-1);
    if (last === undefined) throw new Error('nothing was shown');
    return last;
  };
  const run: LessonRun = new LessonRun(name, ports, (next) => {
    shown.push(next);
    queueMicrotask(() => react({ run, view }));
  });
  return { run, view };
}

/** Presses every button, and tries the answers one after the other, the last first. */
function goOn({ run, view }: Reader): void {
  const { now } = view();
  if (now.kind === 'ready') run.goOn();
  if (now.kind === 'asking') run.answer((now.wrong?.option ?? now.options.length) - 1);
}

describe.concurrent('on three real nodes', () => {
  async function withNodes(seat: number, work: (nodes: NodeCluster) => Promise<void>): Promise<void> {
    const nodes = await NodeCluster.start(seat);
    try {
      await work(nodes);
    } finally {
      await nodes.close();
    }
  }

  const portsOf = (port: NodeCluster): StagePorts => ({
    port,
    view: () => port.view,
    subscribe: (listener) => port.subscribe(listener),
    transferLeadership: (name) => port.transferLeadership(name),
    limits: port.config.limits,
    replaceVoterMs: null,
  });

  const cases = LESSONS.flatMap(({ name }) => [0, 1].map((seat) => [name, seat] as const));

  it.each(cases)('%s is seen to its end from tab %i, and leaves nothing behind', async (name, seat) => {
    await withNodes(seat, async (nodes) => {
      const { run, view } = readerOf(name, portsOf(nodes), goOn);
      await run.play(findScript(name));
      const { now, steps, isAnswered } = view();
      const told = steps.map(({ tell, seen }) => `${tell}\n  ${seen ?? '(not seen)'}`).join('\n');
      expect(now, told).toEqual({ kind: 'over', end: 'done', text: 'That was it. All is healed.' });
      expect(isAnswered).toBe(true);
      expect(steps.map(({ seen }) => seen)).not.toContain(null);
      expect(nodes.rules).toEqual([]);
      expect(nodes.view.nodes.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    });
  });

  it('what is right follows from what was seen: where no rule has an effect, nobody falls behind', async () => {
    await withNodes(1, async (nodes) => {
      // A commit index comes a moment after the entry: for that long one is behind without any fault.
      const nobodyIsBehind = (): boolean => {
        const all = ['A', 'B', 'C'].map((name) => nodes.snapshotOf(name));
        return all.every(({ appliedIndex }) => appliedIndex === Math.max(...all.map((one) => one.lastIndex)));
      };
      const harmless: ClusterPort = {
        status: () => nodes.status(),
        call: async (...args) => {
          await nodes.until(nobodyIsBehind);
          return nodes.call(...args);
        },
        setRules: () => Promise.resolve(),
        clearRules: () => Promise.resolve(),
        links: () => nodes.links(),
        act: (...args) => nodes.act(...args),
      };
      const wrong = new Set<string>();
      const { run, view } = readerOf('stale-read', { ...portsOf(nodes), port: harmless }, (reader) => {
        const { now } = reader.view();
        if (now.kind === 'asking' && now.wrong !== null) wrong.add(now.options[now.wrong.option] ?? '');
        goOn(reader);
      });
      await run.play(findScript('stale-read'));
      expect([...wrong]).toEqual(['Nothing']);
      expect(view().steps.at(-1)?.seen).toContain('Right. The local read said “green”');
    });
  });

  it('ends, and says so, when somebody clears its rules', async () => {
    await withNodes(0, async (nodes) => {
      const { run, view } = readerOf('two-leaders', portsOf(nodes), (reader) => {
        if (reader.view().now.kind === 'asking') void nodes.clearRules(nodes.rules.map(({ id }) => id));
        else goOn(reader);
      });
      await run.play(findScript('two-leaders'));
      const text = 'Somebody cleared the fault rules of the lesson. Begin it again. All is healed.';
      expect(view().now).toEqual({ kind: 'over', end: 'missed', text });
      expect(nodes.rules).toEqual([]);
    });
  });

  it('a lesson that is left heals what it broke, and leaves the rules of the person alone', async () => {
    await withNodes(0, async (nodes) => {
      const { run, view } = readerOf('two-leaders', portsOf(nodes), (reader) => {
        if (reader.view().now.kind === 'asking') reader.run.leave();
        else goOn(reader);
      });
      const mine: FaultRule = { id: 'mine', kind: 'delay', from: 'A', to: 'B', delayMs: [0, 1] };
      await nodes.setRules([mine]);
      await run.play(findScript('two-leaders'));
      expect(view().now).toEqual({ kind: 'over', end: 'left', text: 'You left. All is healed.' });
      expect(nodes.rules).toEqual([mine]);
      expect(nodes.view.nodes.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    });
  });
});

describe('a run', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** All in order, for ever; keeps what it is asked. */
  class StillCluster implements ClusterPort {
    readonly asked: string[] = [];
    rules: readonly string[] = [];
    view = orderly();
    answer: object = { outcome: 'ok', index: 5, term: 7 };
    /** What an action is refused with. */
    refusal: string | null = null;

    /** Every node has told just now. */
    get told(): PageView {
      const { live } = this.view;
      const nodes = live.nodes.map((node) => ({ ...node, at: Date.now() }));
      return { ...this.view, live: { ...live, nodes } };
    }
    status(): Promise<Status> {
      return Promise.resolve(this.view.status);
    }
    call(at: string, method: string): Promise<unknown> {
      this.asked.push(`${method} at ${at}`);
      return Promise.resolve(this.answer);
    }
    setRules(rules: readonly FaultRule[]): Promise<void> {
      this.rules = [...this.rules, ...rules.map(({ id }) => id)];
      return Promise.resolve();
    }
    clearRules(ids: readonly string[]): Promise<void> {
      this.rules = this.rules.filter((id) => !ids.includes(id));
      return Promise.resolve();
    }
    links(): Promise<[]> {
      return Promise.resolve([]);
    }
    act(action: string, name: string): Promise<void> {
      this.asked.push(`${action} ${name}`);
      if (this.refusal !== null && action !== 'crash') return Promise.reject(new Error(this.refusal));
      return Promise.resolve();
    }
  }

  function portsOf(port: StillCluster, change: Partial<StagePorts> = {}): StagePorts {
    return {
      port,
      view: () => port.told,
      subscribe: () => () => undefined,
      transferLeadership: () => Promise.resolve({ outcome: 'ok', index: 4, term: 7 }),
      limits: { appendBytes: 1, valueBytes: 1, transactionInstructions: 1 },
      replaceVoterMs: null,
      ...change,
    };
  }

  /** Breaks things, and waits for what never comes. */
  const hopeless: Script = async (run) => {
    const { stage } = run;
    await run.step({
      tell: 'Nothing will come of it.',
      button: 'Try',
      play: async () => {
        await stage.isolate('B');
        await stage.crash('C');
        await stage.put('A', 'key', 'value');
        return stage.until('a miracle', () => null);
      },
      seen: () => 'It came.',
    });
  };
  it('says what was seen instead of what it waited for, and heals', async () => {
    const port = new StillCluster();
    const { run, view } = readerOf('leader-dies', portsOf(port), goOn);
    const playing = run.play(hopeless);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(view().now).toEqual({ kind: 'busy', text: 'Waiting for a miracle …' });
    expect(port.rules).toEqual(['lesson:B:out', 'lesson:B:in']);
    await vi.advanceTimersByTimeAsync(1000);
    await playing;
    const { now, steps, isAnswered } = view();
    expect(now).toMatchObject({ kind: 'over', end: 'missed' });
    expect(now.kind === 'over' && now.text).toMatch(
      /^Not seen within 20 s: a miracle\. Seen instead: A: leader, term 7, log up to 4, committed up to 4; B: follower/,
    );
    expect(steps).toEqual([{ tell: 'Nothing will come of it.', seen: null }]);
    expect(isAnswered).toBe(false);
    expect(port.rules).toEqual([]);
    expect(port.asked).toEqual(['crash C', 'raft.transact at A', 'restart C', 'raft.transact at A']);
  });

  it('tells what could not be healed, and what is still missing', async () => {
    const port = new StillCluster();
    port.refusal = 'There is no connection to the tab of C.';
    const { run, view } = readerOf('leader-dies', portsOf(port), goOn);
    const playing = run.play(hopeless);
    await vi.advanceTimersByTimeAsync(10);
    port.view = orderly({ leader: null });
    run.leave();
    await vi.advanceTimersByTimeAsync(20_000);
    await playing;
    expect(view().now).toEqual({
      kind: 'over',
      end: 'left',
      text: 'You left. There is no connection to the tab of C. The cluster is not in order yet: no leader is known.',
    });
    // The key is deleted all the same: for that a majority is enough.
    expect(port.asked.filter((what) => what.startsWith('raft'))).toEqual(Array(2).fill('raft.transact at A'));
  });

  it('takes no answer of a tab that is not there for one of an algorithm, and tells which keys are left', async () => {
    const port = new StillCluster();
    port.answer = unreached('There is no connection to the tab of A.');
    const script: Script = async ({ stage }) => {
      const { outcome } = await stage.put('A', 'lesson-key', 'value');
      throw new Error(`told as ${outcome}`);
    };
    const { run, view } = readerOf('leader-dies', portsOf(port), goOn);
    const playing = run.play(script);
    await vi.advanceTimersByTimeAsync(20_000);
    await playing;
    expect(view().now).toEqual({
      kind: 'over',
      end: 'missed',
      text: 'A is not there: There is no connection to the tab of A. These keys could not be deleted: lesson-key.',
    });
  });

  it('plays with a learner that is away', async () => {
    const port = new StillCluster();
    const { members } = port.view.status;
    port.view = orderly({ members: [...members, member('D', { kind: 'learner', reachable: false })] });
    const { run, view } = readerOf('leader-dies', portsOf(port), goOn);
    await run.play(() => Promise.resolve());
    expect(view().now).toMatchObject({ kind: 'over', end: 'done' });
  });

  it('does not begin in a cluster that is not in order, and breaks nothing', async () => {
    const port = new StillCluster();
    port.view = orderly({ leader: null });
    const { run, view } = readerOf('leader-dies', portsOf(port), goOn);
    const playing = run.play(hopeless);
    await vi.advanceTimersByTimeAsync(20_000);
    await playing;
    const text = 'The cluster is not in order: no leader is known. Nothing was done.';
    expect(view().now).toEqual({ kind: 'over', end: 'missed', text });
    expect(port.asked).toEqual([]);
  });

  it('ends before a learner takes the place of a voter that is away', async () => {
    const port = new StillCluster();
    const { members } = port.view.status;
    port.view = orderly({ members: [...members, member('D', { kind: 'learner' })] });
    const script: Script = async (run) => {
      await run.stage.isolate('B');
      await run.step({ tell: '', button: 'Go on', play: () => Promise.resolve(), seen: () => '' });
    };
    const { run, view } = readerOf('leader-dies', portsOf(port, { replaceVoterMs: 60_000 }), () => undefined);
    const playing = run.play(script);
    await vi.advanceTimersByTimeAsync(47_000);
    expect(view().now.kind).toBe('ready');
    await vi.advanceTimersByTimeAsync(1000);
    await playing;
    const { now } = view();
    expect(now.kind === 'over' && now.text).toMatch(/after 48 s, since a learner would soon take the place/);
    expect(port.rules).toEqual([]);
  });

  it('lets the cluster answer once, and the reader as often as it takes', async () => {
    const port = new StillCluster();
    let plays = 0;
    const script: Script = async (run) => {
      await run.ask({
        ask: 'How many?',
        options: ['One', 'Two'].map((label) => ({ label, no: `Not ${label}.` })),
        play: () => Promise.resolve((plays += 1)),
        judge: (found) => ({ right: found - 1, seen: `There was ${found}.` }),
      });
    };
    const { run, view } = readerOf('leader-dies', portsOf(port), () => undefined);
    const playing = run.play(script);
    await vi.advanceTimersByTimeAsync(1);
    run.goOn();
    run.answer(1);
    await vi.advanceTimersByTimeAsync(1);
    const wrong = { option: 1, text: 'Not so. Not Two.' };
    expect(view()).toMatchObject({ isAnswered: false, now: { kind: 'asking', wrong } });
    run.answer(0);
    await vi.advanceTimersByTimeAsync(1);
    await playing;
    expect(plays).toBe(1);
    expect(view()).toMatchObject({
      isAnswered: true,
      steps: [{ tell: 'How many?', seen: 'Right. There was 1.' }],
      now: { end: 'done' },
    });
  });
});

/** Three voters with the same log, seen by A, which leads. */
function orderly(change: Partial<Status> = {}): PageView {
  const view = readyView();
  const nodes = ['A', 'B', 'C'].map((name) => {
    const node = liveNode(name, { role: name === 'A' ? 'leader' : 'follower' });
    return { ...node, detail: { ...node.detail, log: { ...node.detail.log, commitIndex: 4 } } };
  });
  return { ...view, live: { ...view.live, nodes }, status: { ...view.status, ...change } };
}

describe('the scene', () => {
  const scene = (): Scene => sceneOf(orderly(), 0);

  it('knows the term of an entry, as far as the log is told', () => {
    const log = { first: 3, last: 9, snapshotIndex: 0, commitIndex: 9, appliedIndex: 9, durableIndex: 9 };
    const terms = [
      [3, 2],
      [6, 5],
    ] as const;
    const at = [2, 3, 5, 6, 9, 10].map((index) => termAt({ ...log, terms }, index));
    expect(at).toEqual([null, 2, 2, 5, 5, null]);
  });

  it('is in order when all tell, follow one leader, and have the same log', () => {
    const { actors, ...rest } = scene();
    const [a, b, c] = actors;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three actors');
    expect(disorderIn(scene())).toBeNull();
    expect(disorderIn({ ...rest, actors: [a, b] })).toBe('C tells nothing');
    expect(disorderIn({ ...rest, actors, now: 5000 })).toBe('A, B, C tells nothing');
    expect(disorderIn({ ...rest, actors: [a, b, { ...c, term: 6 }] })).toBe(
      'not all follow the same leader yet',
    );
    const behind = { ...c, log: { ...c.log, commitIndex: 3 } };
    expect(disorderIn({ ...rest, actors: [a, b, behind] })).toBe('the logs are not the same everywhere yet');
  });

  it('is told in words', () => {
    const { actors, ...rest } = scene();
    const states = ['running', 'paused', 'stopped'] as const;
    const told = actors.map((actor, at) => ({ ...actor, state: states[at] ?? ('gone' as const) }));
    expect(describeScene({ ...rest, actors: told })).toBe(
      'A: leader, term 7, log up to 4, committed up to 4; B: follower, paused, term 7, log up to 4, committed up to 4; C: stopped, term 7, log up to 4, committed up to 4.',
    );
  });
});

describe('what is in the way of a lesson', () => {
  const view = readyView();
  const { status } = view;

  it.each<[string, Partial<PageView>, RegExp | null, string | null]>([
    ['nothing', {}, null, null],
    ['a node that joins', { phase: 'joining' }, /once this tab’s node runs/, null],
    [
      'too few voters',
      { status: { ...status, members: [member('A')] } },
      /has 1\. Open 2 more tabs/,
      'open-tab',
    ],
    [
      'too many',
      { status: { ...status, members: ['A', 'B', 'C', 'D', 'E'].map((name) => member(name)) } },
      /has 5/,
      null,
    ],
    ['a learner’s tab', { status: { ...status, name: 'D' } }, /a learner/, null],
    [
      'nodes that do not run',
      {
        nodes: [
          { name: 'B', state: 'paused' },
          { name: 'C', state: 'gone' },
        ],
      },
      /^B is paused and C is not open: bring/,
      null,
    ],
    ['rules', { rules: [{ id: 'mine', kind: 'drop' }] }, /Fault rules are in force/, 'clear-all-rules'],
  ])('%s', (_, change, text, remedy) => {
    const hindrance = hindranceOf({ ...view, ...change });
    expect(hindrance?.remedy ?? null).toBe(remedy);
    if (text === null) expect(hindrance).toBeNull();
    else expect(hindrance?.text).toMatch(text);
  });
});
