import axe from 'axe-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { TraceInvariants } from '../../src/check/trace-invariants.ts';
import { formatEvent, RUN_LENGTH } from '../../src/trace/event.ts';
import '../../src/ui/app.ts';
import '../../src/ui/later.ts';
import type { App } from '../../src/ui/app.ts';
import '../../src/ui/theme.css';
import { chooseTheme } from '../../src/ui/theme.ts';
import '../../src/ui/timeline/file.ts';
import type { PageView } from '../../src/ui/view.ts';
import { id } from '../support/core-cluster.ts';
import { randomTrace } from '../support/random-trace.ts';
import {
  failedTest,
  FakeController,
  lessonView,
  liveNode,
  measuredTest,
  member,
  notice,
  peer,
  readyView,
  testView,
} from '../ui/fake-controller.ts';

/** What the page promises: WCAG 2.2, level AA. There are no exceptions. */
const STANDARD = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const button = (name: string) => page.getByRole('button', { name, exact: true });

/** Brings the page into a state in which components are that are not there otherwise. */
type State = (app: App, show: (change: Partial<PageView>) => FakeController) => Promise<void> | void;

const STATES: Readonly<Record<string, State>> = {
  starting: () => undefined,
  'cannot start': (app) => {
    app.fatal = { title: 'config.json is not valid', problems: ['timing.tickMs: expected an integer'] };
  },
  ready: async (_, show) => {
    show({}).store.set('key', 'value');
    await page.getByText('Add a rule').click();
    await page.getByText('What the presets do').click();
    await page.getByLabelText('Set absent').click();
    await button('Add row').click();
  },
  'operations and outcomes': async (_, show) => {
    const controller = show({});
    await page.getByLabelText('Key', { exact: true }).fill('k');
    await button('Put').click();
    controller.nextResult = { outcome: 'failed', code: 'assertion', reason: 'k: expected "a"' };
    await button('Compare and set').click();
    controller.nextResult = { outcome: 'unknown', code: 'timed-out', reason: 'No answer came.' };
    await button('Put').click();
    await expect.element(page.getByText('unknown').first()).toBeVisible();
  },
  'faults and notices': (_, show) => {
    const { status } = readyView();
    const members = [member('A'), member('B'), member('C', { reachable: false })];
    show({
      rules: [
        { id: 'cut', kind: 'drop', from: 'A', to: 'B' },
        { id: 'slow', kind: 'delay', from: ['B'], to: 'C', delayMs: [50, 200], probability: 0.3 },
        { id: 'isolate:C:out', kind: 'drop', from: 'C' },
        { id: 'isolate:C:in', kind: 'drop', to: 'C' },
      ],
      nodes: [
        { name: 'A', state: 'running' },
        { name: 'B', state: 'paused' },
        { name: 'C', state: 'stopped' },
      ],
      status: {
        ...status,
        members: [...members, member('storage-server-1', { kind: 'learner' })],
        peers: [peer('B'), peer('C', { state: 'failed', channel: null }), peer('storage-server-1')],
        counters: { 'refused-message': 3, overflows: 1 },
      },
      notices: (['info', 'warning', 'error'] as const).map((level, i) => notice(i, 'It happened.', level)),
    });
  },
  'a rule that is edited': async (_, show) => {
    show({ rules: [{ id: 'mine', kind: 'delay', from: 'A', to: 'B', delayMs: [50, 200] }] });
    await button('Edit rule mine').click();
  },
  'no quorum, paused, signaling lost': (_, show) => {
    show({
      phase: 'no-quorum',
      paused: true,
      rules: [{ id: 'isolate:A:out', kind: 'drop', from: 'A' }],
      signaling: { state: 'lost', url: 'ws://localhost:5173/signaling', detail: 'The connection was closed' },
    });
  },
  alone: (_, show) => {
    show({ phase: 'alone', nodes: [{ name: 'A', state: 'running' }] });
  },
  stopped: (_, show) => {
    const { status } = readyView();
    const stoppedReason = 'The disk is full.';
    show({
      phase: 'stopped',
      phaseDetail: 'no space',
      status: { ...status, role: 'stopped', stoppedReason },
    });
  },
  removed: (_, show) => {
    const { status } = readyView();
    show({ phase: 'removed', status: { ...status, role: 'stopped', members: [member('B'), member('C')] } });
  },
  replaced: (_, show) => {
    const { status } = readyView();
    show({ isReplaced: true, status: { ...status, role: 'learner' } });
  },
  'a test that runs': (_, show) => {
    show({ test: testView() });
  },
  'a test that failed': async (_, show) => {
    show({ test: failedTest() });
    await expect.element(page.getByLabelText('Key shown')).toBeVisible();
  },
  'a test that measured': (_, show) => {
    show({ test: measuredTest() });
  },
  'a lesson that may go on': (_, show) => {
    show({ lesson: lessonView({ kind: 'ready', button: 'Split the network' }) });
  },
  'a lesson that waits': (_, show) => {
    show({ lesson: lessonView({ kind: 'busy', text: 'Waiting for two leaders …' }) });
  },
  'a lesson with a wrong answer': (_, show) => {
    const wrong = { option: 2, text: 'Not so. Two majorities have a member in common.' };
    show({ lesson: lessonView({ kind: 'asking', options: ['A', 'B', 'Both'], wrong }) });
  },
  'a lesson that is over': (_, show) => {
    const text = 'Not seen within 20 s: two leaders. Seen instead: A: leader, term 4.';
    show({ lesson: lessonView({ kind: 'over', end: 'missed', text }) });
  },
  'a command that worked': async (_, show) => {
    show({});
    await button('Snapshot').click();
    await expect.element(page.getByText('The snapshot reaches entry 128 now.')).toBeVisible();
  },
  'a command that failed': async (_, show) => {
    show({}).nextError = new Error('There is no member "A".');
    await button('Isolate A').click();
    await expect.element(page.getByText('Isolate A: There is no member "A".')).toBeVisible();
  },
  'a question': async (_, show) => {
    show({});
    await button('Wipe storage').click();
    await expect.element(button('Yes, wipe it')).toBeVisible();
  },
  'what is looked at': async (_, show) => {
    const { events } = randomTrace({ seed: 3, nodes: 3, events: 60, maxSkewMs: 0 });
    const verdicts = violated().verdicts();
    const leader = liveNode('A', { role: 'leader' });
    const progress = [{ name: 'B', state: 'replicate', matchIndex: 3, nextIndex: 5 }] as const;
    const nodes = [{ ...leader, detail: { ...leader.detail, progress } }, liveNode('B'), liveNode('C')];
    show({ live: { nodes, events, skipped: 12, verdicts } });
    await page.getByRole('button', { name: /^B:/ }).click();
    await page.getByText('Filter', { exact: true }).click();
    await page.getByRole('gridcell', { name: /^A, entry 4/ }).click();
    await page.getByRole('application').click();
    await userEvent.keyboard('{ArrowLeft}[[');
    await expect.element(button('Range to here')).toBeVisible();
  },
  'a merged trace': async (app) => {
    const { events } = randomTrace({ seed: 3, nodes: 3, events: 60, maxSkewMs: 0 });
    app.remove();
    embed('trace', events.map(formatEvent).join('\n'));
    embed('report', JSON.stringify('60 events of 3 nodes'));
    document.body.append(document.createElement('tabraft-trace-file'));
    await expect.element(page.getByText('60 events of 3 nodes')).toBeVisible();
  },
  'the QR code': async (_, show) => {
    show({});
    await button('QR code').click();
    await expect.element(page.getByRole('img', { name: /^QR code/ })).toBeVisible();
  },
};

/** Two leaders of one term. */
function violated(): TraceInvariants {
  const invariants = new TraceInvariants();
  for (const [at, name] of ['A', 'B'].entries()) {
    const node = id(name);
    const header = { seq: RUN_LENGTH + 1, node, name, time: at, clock: { [node]: RUN_LENGTH + 1 } };
    invariants.feed({ ...header, kind: 'role', role: 'leader', term: 7 });
  }
  return invariants;
}

/** As it stands in the monitor's page. */
function embed(name: string, text: string): void {
  const element = document.createElement('script');
  element.type = 'application/json';
  element.id = name;
  element.textContent = text;
  document.body.append(element);
}

let app: App | null = null;

async function open(state: State): Promise<void> {
  const opened = document.createElement('tabraft-app');
  app = opened;
  document.body.append(opened);
  await state(opened, (change) => {
    const controller = new FakeController({ ...readyView(), ...change });
    opened.controller = controller;
    return controller;
  });
  await opened.updateComplete;
  // What the sticky row of sections covers, anybody can scroll to where it does not.
  scrollTo(0, 0);
  // What components below it render, and what those do, up to the next paint.
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

beforeAll(() => {
  const { documentElement: root } = document;
  root.lang = 'en';
  // A colour halfway to another is not what anybody reads.
  for (const speed of ['fast', 'normal', 'slow']) root.style.setProperty(`--wa-transition-${speed}`, '0s');
});

afterEach(() => {
  app?.remove();
  for (const left of document.querySelectorAll('tabraft-trace-file, #trace, #report')) left.remove();
  chooseTheme('system');
});

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  describe.each([1280, 360])('%i pixels wide', (width) => {
    test.each(Object.keys(STATES))('nothing keeps anybody out: %s', async (name) => {
      chooseTheme(theme);
      await page.viewport(width, 900);
      await open(STATES[name] ?? (() => undefined));
      const { violations } = await axe.run(document, {
        runOnly: { type: 'tag', values: STANDARD },
        resultTypes: ['violations'],
      });
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map(
          ({ target, failureSummary }) => `${id}: ${target.flat().join(' ')}: ${failureSummary ?? ''}`,
        ),
      );
      expect(found).toEqual([]);
    });

    test('nothing is wider than the page', async () => {
      await page.viewport(width, 900);
      await open(STATES['ready'] ?? (() => undefined));
      const { scrollWidth, clientWidth } = document.documentElement;
      expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
    });
  });
});

test('the states show every component', async () => {
  const sources = import.meta.glob<string>('../../src/ui/**/*.ts', {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const tags = Object.values(sources).flatMap((text) =>
    [...text.matchAll(/@customElement\('([^']+)'\)/g)].map(([, tag = '']) => tag),
  );
  const shown = new Set<string>();
  const collect = (root: Document | ShadowRoot): void => {
    for (const element of root.querySelectorAll('*')) {
      shown.add(element.localName);
      if (element.shadowRoot !== null) collect(element.shadowRoot);
    }
  };
  for (const state of Object.values(STATES)) {
    await open(state);
    collect(document);
    app?.remove();
  }
  expect(tags.filter((tag) => !shown.has(tag))).toEqual([]);
});
