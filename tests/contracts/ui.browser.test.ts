import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import jsQR from 'jsqr';
import { page, userEvent } from 'vitest/browser';
import { TraceInvariants } from '../../src/check/trace-invariants.ts';
import { RUN_LENGTH, type TraceEvent } from '../../src/trace/event.ts';
import indexHtml from '../../index.html?raw';
import '../../src/ui/app.ts';
import '../../src/ui/later.ts';
import type { App } from '../../src/ui/app.ts';
import { bannersOf } from '../../src/ui/banners.ts';
import { faultSentence } from '../../src/ui/fault-sentence.ts';
import type { Timeline } from '../../src/ui/timeline/timeline.ts';
import { documentTitle } from '../../src/ui/status-text.ts';
import '../../src/ui/theme.css';
import { applyTheme, chooseTheme, THEME_KEY, type Theme } from '../../src/ui/theme.ts';
import type { PageView } from '../../src/ui/view.ts';
import {
  failedTest,
  FakeController,
  liveNode,
  measuredTest,
  member,
  notice,
  readyView,
  testReport,
  testView,
  lessonView,
} from '../ui/fake-controller.ts';
import { id } from '../support/core-cluster.ts';
import { untilPainted } from '../ui/painting.ts';

let app: App;
let controller: FakeController;

beforeEach(async () => {
  controller = new FakeController(readyView());
  app = document.createElement('tabraft-app');
  app.controller = controller;
  document.body.append(app);
  await app.updateComplete;
});

afterEach(() => {
  app.remove();
  chooseTheme('system');
  vi.restoreAllMocks();
});

const button = (name: string) => page.getByRole('button', { name, exact: true });
const field = (name: string) => page.getByLabelText(name, { exact: true });
/** Within shadow roots, where the document's active element is the host. */
const hasFocus = (name: string) => button(name).query()?.matches(':focus') === true;
const lastCall = () => controller.calls.filter(({ name }) => name !== 'excerpt').at(-1);

describe('what the page says', () => {
  test('the node, its role and its leader, in the page, the title and a live region', async () => {
    const status = page.getByRole('status', { name: 'Cluster state' });
    await expect.element(status).toHaveTextContent('Ready: this tab leads');
    expect(document.title).toBe('A · leader · tabraft');
    controller.changeStatus({ role: 'follower', leader: 'B', term: 4 });
    await expect.element(status).toHaveTextContent('Ready: B leads, this tab follows');
    expect(document.title).toBe('A · follower · tabraft');
  });

  test.each([
    ['alone', { phase: 'alone' }, 'A cluster of one', /Open|tabs open/],
    [
      'joining',
      { phase: 'joining', phaseDetail: 'Looking' },
      'Joining the cluster',
      /Looking\. It happens by itself/,
    ],
    ['no quorum', { phase: 'no-quorum' }, 'No quorum', /2 of the 3 voters.*reads and writes wait/],
    ['paused', { paused: true }, 'Paused', /neither sends/],
    [
      'signaling lost',
      { signaling: { state: 'lost', url: 'ws://x', detail: null } },
      'Signaling server lost',
      /goes on over its own links, but nobody new can join/,
    ],
    [
      'stopped',
      { phase: 'stopped', phaseDetail: 'no space' },
      'Stopped, because: no space.',
      /Reload this tab/,
    ],
    [
      'starting',
      { phase: 'starting', phaseDetail: 'Opening this tab’s storage' },
      'Starting',
      /^Opening this tab’s storage\.$/,
    ],
    ['crashed', { phase: 'crashed' }, 'Crashed on purpose', /what it had stored is not/],
    ['removed', { phase: 'removed' }, 'Removed from the cluster', /comes back only as a new member/],
    ['replaced', { isReplaced: true }, 'Replaced as a voter', /a learner was given its vote/],
  ] satisfies [string, Partial<PageView>, string, RegExp][])(
    '%s has a text of its own',
    (_, change, title, text) => {
      const [banner] = bannersOf({ ...readyView(), ...change });
      expect(banner?.title).toBe(title);
      expect(banner?.text).toMatch(text);
    },
  );

  test('a tab that cannot join over HTTPS is told of certificates', () => {
    const signaling = { state: 'lost', url: 'wss://192.168.1.7:5173/signaling', detail: null } as const;
    const textIn = (phase: PageView['phase']) =>
      bannersOf({ ...readyView(), signaling, phase }).find(({ id }) => id === 'signaling-lost')?.text;
    expect(textIn('joining')).toContain('the device has to trust the certificate');
    expect(textIn('ready')).not.toContain('certificate');
  });

  test('what a lesson breaks is the lesson’s to explain', () => {
    const rules: PageView['rules'] = [{ id: 'lesson:cut', kind: 'drop', from: 'A' }];
    const view = { ...readyView(), phase: 'no-quorum' as const, rules };
    // In another tab it is told whose doing it is, and nobody is offered to undo it.
    const [elsewhere] = bannersOf(view);
    expect(elsewhere?.text).toContain('A lesson in another tab has broken the links');
    expect(elsewhere?.action).toBeNull();
    expect(bannersOf({ ...view, lesson: lessonView() })).toEqual([]);
    const over = lessonView({ kind: 'over', end: 'done', text: '' });
    expect(bannersOf({ ...view, lesson: over })).toHaveLength(1);
  });

  test('a ready cluster needs no explanation', () => {
    expect(bannersOf(readyView())).toEqual([]);
  });

  test('an error before there is a controller names the problem', async () => {
    app.controller = null;
    app.fatal = { title: 'config.json is not valid', problems: ['timing.tickMs: expected an integer'] };
    await expect
      .element(page.getByRole('alert'))
      .toHaveTextContent(/config.json is not valid.*timing.tickMs/s);
  });

  test('a title without a name, and of a paused node', () => {
    const view = readyView();
    expect(documentTitle({ ...view, status: { ...view.status, name: null, role: 'joining' } })).toBe(
      'joining · tabraft',
    );
    expect(documentTitle({ ...view, paused: true })).toBe('A · paused · tabraft');
  });

  test.each([
    [{ id: 'r', kind: 'drop', from: 'A' }, 'drop everything from A'],
    [
      {
        id: 'r',
        kind: 'delay',
        messages: ['appendRequest'],
        from: 'A',
        to: 'B',
        delayMs: [50, 200],
        probability: 0.3,
      },
      'delay appendRequest from A to B by 50–200 ms, 30 % of the time',
    ],
    [
      { id: 'r', kind: 'drop', from: ['A', 'B'], messages: ['ping', 'pong'] },
      'drop ping and pong from A or B',
    ],
  ] as const)('a fault rule is a sentence: %o', (rule, sentence) => {
    expect(faultSentence(structuredClone(rule) as Parameters<typeof faultSentence>[0])).toBe(sentence);
  });
});

describe('operations on data', () => {
  test('put, get, cas and delete pass on what was typed', async () => {
    await field('Key').fill('k');
    await field('Value').fill('v');
    await button('Put').click();
    expect(lastCall()).toEqual({ name: 'raft.put', args: ['k', 'v'] });
    await button('Get').click();
    expect(lastCall()).toEqual({ name: 'raft.get', args: ['k', { consistency: 'linearizable' }] });
    await page.getByLabelText('Consistency of Get').selectOptions('local');
    await button('Get').click();
    expect(lastCall()).toEqual({ name: 'raft.get', args: ['k', { consistency: 'local' }] });
    await field('Expected').fill('v');
    await field('Value').fill('w');
    await button('Compare and set').click();
    expect(lastCall()).toEqual({ name: 'raft.cas', args: ['k', 'v', 'w'] });
    await button('Delete').click();
    expect(lastCall()).toEqual({ name: 'raft.put', args: ['k', null] });
  });

  test('an empty field is an empty string; the absent toggle is a null', async () => {
    await field('Key').fill('k');
    await button('Compare and set').click();
    expect(lastCall()?.args).toEqual(['k', '', '']);
    await field('Expect absent').click();
    await button('Compare and set').click();
    expect(lastCall()?.args).toEqual(['k', null, '']);
    await field('Set absent').click();
    await button('Compare and set').click();
    expect(lastCall()?.args).toEqual(['k', null, null]);
  });

  test('Enter in a value does what the value is for', async () => {
    await field('Key').fill('k');
    await field('Value').fill('v');
    await userEvent.keyboard('{Enter}');
    await expect.poll(lastCall).toEqual({ name: 'raft.put', args: ['k', 'v'] });
    await field('Expected').fill('v');
    await userEvent.keyboard('{Enter}');
    await expect.poll(lastCall).toEqual({ name: 'raft.cas', args: ['k', 'v', 'v'] });
  });

  test('Enter in a key gets it; in a row it runs the transaction', async () => {
    await field('Key').fill('k');
    await userEvent.keyboard('{Enter}');
    await expect.poll(lastCall).toMatchObject({ name: 'raft.get' });
    await field('Row 1 key').fill('a');
    await field('Row 2 key').fill('b');
    await userEvent.keyboard('{Enter}');
    await expect.poll(lastCall).toMatchObject({ name: 'raft.transact' });
  });

  test('a button that is disabled does nothing', async () => {
    await field('Algorithm').selectOptions('ABD');
    await field('Key').fill('k');
    await expect.element(button('Compare and set')).toBeDisabled();
    await button('Compare and set').click({ force: true });
    await field('Expected').fill('v');
    await userEvent.keyboard('{Enter}');
    await button('Lead A').click({ force: true });
    expect(controller.asked).toEqual([]);
  });

  test('nothing is asked without a key', async () => {
    await button('Put').click();
    expect(controller.asked).toEqual([]);
  });

  test('a transaction has the rows it shows', async () => {
    await field('Row 1 key').fill('a');
    await field('Row 1 absent').click();
    await field('Row 2 key').fill('b');
    await field('Row 2 value').fill('1');
    await button('Add row').click();
    await userEvent.keyboard('c');
    await field('Row 3 absent').click();
    await button('Run transaction').click();
    expect(lastCall()?.args).toEqual([
      [
        { op: 'ASSERT', key: 'a', val: null },
        { op: 'SET', key: 'b', val: '1' },
        { op: 'SET', key: 'c', val: null },
      ],
    ]);
    await button('Delete row 1').click();
    await button('Run transaction').click();
    expect(lastCall()?.args).toEqual([
      [
        { op: 'SET', key: 'b', val: '1' },
        { op: 'SET', key: 'c', val: null },
      ],
    ]);
  });

  test('each outcome is a word, with its reason or place', async () => {
    const latest = page.getByRole('status', { name: 'Latest outcome' }).first();
    await field('Key').fill('k');
    await button('Put').click();
    await expect.element(latest).toHaveTextContent(/ok index 129, term 3 [\d.]+ ms/);
    controller.nextResult = { outcome: 'failed', code: 'assertion', reason: 'k: expected "a"' };
    await button('Put').click();
    await expect.element(latest).toHaveTextContent(/failed k: expected "a" [\d.]+ ms/);
    controller.nextResult = { outcome: 'unknown', code: 'timed-out', reason: 'No answer came.' };
    await button('Put').click();
    await expect.element(latest).toHaveTextContent(/unknown No answer came\. [\d.]+ ms/);
    controller.nextError = new Error('the call broke');
    await button('Get').click();
    await expect.element(latest).toHaveTextContent(/unknown the call broke/);
    await expect
      .element(page.getByRole('region', { name: 'Last operations' }))
      .toHaveTextContent(/put k = ""/);
  });

  test('the local copy follows what is applied, and cuts long values visibly', async () => {
    const copy = page.getByRole('region', { name: 'This tab’s copy' });
    controller.store.set('long', 'x'.repeat(5000));
    controller.changeStatus({ appliedIndex: 200 });
    await expect.element(copy).toHaveTextContent(/…" \(5,000 characters\)/);
    for (let i = 0; i < 250; i += 1) controller.store.set(`key-${i}`, 'v');
    controller.changeStatus({ appliedIndex: 201 });
    await expect.element(page.getByText(/Shown are 100 of 251 keys/)).toBeVisible();
  });

  test('the local copy shows what is blank', async () => {
    const copy = page.getByRole('region', { name: 'This tab’s copy' });
    controller.store.set(' ', 'two\nlines');
    controller.changeStatus({ appliedIndex: 200 });
    await expect.element(copy.getByRole('rowheader', { name: '" "' })).toBeInTheDocument();
    const cell = copy.getByRole('cell', { name: /two/ });
    await expect.poll(() => (cell.element() as HTMLElement).innerText).toBe('"two\nlines"');
  });
});

describe('actions', () => {
  test('isolate asks for the preset, heal clears its rules only', async () => {
    controller.change({ rules: [{ id: 'mine', kind: 'drop', from: 'B' }] });
    await button('Isolate A').click();
    expect(lastCall()).toEqual({ name: 'faults.preset', args: ['isolate', 'A'] });
    await button('Heal A').click();
    expect(lastCall()).toEqual({ name: 'faults.clear', args: [['isolate:A:out', 'isolate:A:in']] });
    await button('Clear rule mine').click();
    expect(lastCall()).toEqual({ name: 'faults.clear', args: [['mine']] });
  });

  test('remove and promote ask first; Escape and Cancel do nothing', async () => {
    controller.changeStatus({ members: [member('A'), member('B'), member('C', { kind: 'learner' })] });
    await button('Remove B').click();
    await userEvent.keyboard('{Escape}');
    await button('Remove B').click();
    await button('Cancel').click();
    expect(controller.asked).toEqual([]);
    await button('Remove B').click();
    await button('Yes, remove').click();
    await expect.poll(lastCall).toEqual({ name: 'raft.removeMember', args: ['B'] });
    await button('Promote C').click();
    await button('Yes, promote').click();
    await expect.poll(lastCall).toEqual({ name: 'raft.promote', args: ['C'] });
    await expect.element(page.getByText('C is a voter now.')).toBeVisible();
  });

  test('a removed member joins as a new one, without a question', async () => {
    controller.change({ phase: 'removed' });
    controller.changeStatus({ role: 'stopped' });
    await button('Join as a new member').click();
    await expect.poll(lastCall).toEqual({ name: 'node.wipe', args: [] });
  });

  test('any voter but the leader can be made to lead, and the page says whether it does', async () => {
    controller.changeStatus({ members: [member('A'), member('B'), member('C', { kind: 'learner' })] });
    await expect.element(button('Promote C')).toBeVisible();
    await expect.element(button('Lead A')).toBeDisabled();
    expect(button('Lead C').query()).toBeNull();
    await button('Lead B').click();
    await expect.poll(lastCall).toEqual({ name: 'raft.transferLeadership', args: ['B'] });
    await expect.element(page.getByText('B leads now.')).toBeVisible();
    controller.nextResult = {
      outcome: 'failed',
      code: 'transfer-failed',
      reason: 'It did not take over in time.',
    };
    await button('Lead A').click();
    await expect.element(page.getByText('Lead A: failed: It did not take over in time.')).toBeVisible();
    await expect.element(button('Lead B')).toBeDisabled();
  });

  test('a snapshot is taken of a node that runs, and the page says how far it reaches', async () => {
    controller.changeStatus({ appliedIndex: 12_345 });
    await button('Snapshot').click();
    await expect.poll(lastCall).toEqual({ name: 'raft.snapshot', args: [] });
    await expect.element(page.getByText('The snapshot reaches entry 12,345 now.')).toBeVisible();
    controller.nextError = new Error('No snapshot was taken in the time given.');
    await button('Snapshot').click();
    await expect.element(page.getByText('Snapshot: No snapshot was taken in the time given.')).toBeVisible();
    controller.change({ paused: true });
    await expect.element(button('Snapshot')).toBeDisabled();
    controller.change({ paused: false });
    for (const role of ['joining', 'stopped'] as const) {
      controller.changeStatus({ role });
      await expect.element(button('Snapshot')).toBeDisabled();
    }
    controller.changeStatus({ role: 'learner' });
    await expect.element(button('Snapshot')).toBeEnabled();
  });

  test('the node’s own actions', async () => {
    await button('Pause').click();
    await button('Resume').click();
    await button('Force election').click();
    await button('Restart').click();
    await button('Wipe storage').click();
    await button('Yes, wipe it').click();
    await button('New cluster').click();
    await button('Yes, leave').click();
    await expect
      .poll(() => controller.asked)
      .toEqual(['node.pause', 'node.resume', 'node.campaign', 'node.restart', 'node.wipe', 'newCluster']);
  });

  test('a rule from the form', async () => {
    await page.getByText('Add a rule').click();
    await field('Kind').selectOptions('delay');
    await page.getByRole('group', { name: /^From/ }).getByLabelText('A').click();
    await field('Chance in %').fill('30');
    await field('heartbeat').click();
    await button('Add rule').click();
    expect(lastCall()?.args).toEqual([
      {
        id: 'delay-1',
        kind: 'delay',
        from: 'A',
        messages: ['heartbeat'],
        probability: 0.3,
        delayMs: [50, 200],
      },
    ]);
    await expect
      .element(page.getByText('delay heartbeat from A by 50–200 ms, 30 % of the time', { exact: true }))
      .toBeVisible();
  });

  test('a rule whose bounds make no sense is not set', async () => {
    await page.getByText('Add a rule').click();
    await field('Kind').selectOptions('delay');
    await field('At least, in ms').fill('300');
    await button('Add rule').click();
    expect(controller.asked).toEqual([]);
    await field('At most, in ms').fill('400');
    await button('Add rule').click();
    expect(lastCall()?.args).toEqual([{ id: 'delay-1', kind: 'delay', delayMs: [300, 400] }]);
  });

  test('a link is cut by its cell and joined again; its counters are told', async () => {
    await button('A to B: open').click();
    const rule = { id: 'link:A>B', kind: 'drop', from: 'A', to: 'B' };
    expect(lastCall()).toEqual({ name: 'faults.set', args: [rule] });
    await expect
      .element(page.getByText('A to B: cut (link:A>B). 1,280 sent, 1,279 delivered.'))
      .toBeVisible();
    await expect.element(button('A to B: cut by link:A>B')).toHaveAttribute('aria-pressed', 'true');
    await button('A to B: cut by link:A>B').click();
    expect(lastCall()).toEqual({ name: 'faults.clear', args: [['link:A>B']] });
  });

  test('the matrix is one stop of the Tab key, and arrows move in it, over the diagonal', async () => {
    await button('A to B: open').click();
    await userEvent.keyboard('{ArrowDown}');
    await expect.poll(() => hasFocus('C to B: open')).toBe(true);
    await userEvent.keyboard('{ArrowLeft}{Enter}');
    expect(lastCall()?.args).toEqual([{ id: 'link:C>A', kind: 'drop', from: 'C', to: 'A' }]);
    await userEvent.keyboard('{ArrowDown}');
    await expect.poll(() => hasFocus('C to A: cut by link:C>A')).toBe(true);
  });

  test('what rules do to a link is said in words, and a node that does not run is named', async () => {
    controller.change({
      rules: [
        { id: 's', kind: 'delay', from: 'A', to: 'B', delayMs: [1, 2] },
        { id: 'h', kind: 'hold', from: 'B', to: 'C' },
        { id: 'l', kind: 'drop', from: 'C', to: 'B', probability: 0.5 },
        { id: 'd', kind: 'duplicate', from: 'B', to: 'A' },
      ],
      nodes: [
        { name: 'A', state: 'running' },
        { name: 'B', state: 'paused' },
        { name: 'C', state: 'stopped' },
      ],
    });
    for (const name of [
      'A to B: slow by s',
      'B to C: holding by h',
      'C to B: lossy by l',
      'B to A: shuffled by d',
    ])
      await expect.element(button(name)).toBeVisible();
    await expect.element(page.getByRole('rowheader', { name: 'B paused' })).toBeVisible();
    await expect.element(page.getByRole('rowheader', { name: 'C stopped' })).toBeVisible();
  });

  test('presets are for the members ticked; those that make no sense cannot be clicked', async () => {
    await expect.element(button('isolate')).toBeDisabled();
    await expect.element(button('majorities-ring')).toBeEnabled();
    await page
      .getByRole('group', { name: /^Presets/ })
      .getByLabelText('B')
      .click();
    await expect.element(button('majorities-ring')).toBeDisabled();
    await button('bridge').click();
    expect(lastCall()).toEqual({ name: 'faults.preset', args: ['bridge', 'B'] });
  });

  test('the node of any tab can be crashed and brought back', async () => {
    await field('Node').selectOptions('B');
    await expect.element(button('Resume: node B')).toBeDisabled();
    await button('Crash: node B').click();
    expect(lastCall()).toEqual({ name: 'node.crash', args: ['B'] });
    controller.change({ nodes: controller.view.nodes.map((node) => ({ ...node, state: 'stopped' })) });
    await expect.element(button('Crash: node B')).toBeDisabled();
    await expect.element(button('Restart: node B')).toBeEnabled();
    await button('Restart: node B').click();
    expect(lastCall()).toEqual({ name: 'node.restart', args: ['B'] });
  });

  test('a rule can be edited, and keeps its id', async () => {
    controller.change({ rules: [{ id: 'mine', kind: 'drop', from: 'A', to: 'B', probability: 0.4 }] });
    await button('Edit rule mine').click();
    await field('Kind').selectOptions('hold');
    await field('Chance in %').fill('70');
    await button('Change rule').click();
    const rule = { id: 'mine', kind: 'hold', from: 'A', to: 'B', probability: 0.7 };
    expect(lastCall()).toEqual({ name: 'faults.set', args: [rule] });
    await button('Heal all').click();
    expect(lastCall()).toEqual({ name: 'faults.clear', args: [undefined] });
  });

  test('a tab that hears no leader, though it reaches a majority, does not say that there is no quorum', async () => {
    const [self, near, away] = controller.view.status.members;
    if (self === undefined || near === undefined || away === undefined) throw new Error('three members');
    controller.change({ phase: 'no-quorum' });
    controller.changeStatus({
      ...{ role: 'follower', leader: null },
      members: [self, near, { ...away, reachable: false }],
    });
    const status = page.getByRole('status', { name: 'Cluster state' });
    await expect.element(status).toHaveTextContent('No leader heard: this tab waits for one');
    await expect.element(page.getByText('No leader heard', { exact: true })).toBeVisible();
    expect(page.getByText('No quorum', { exact: true }).query()).toBeNull();
    controller.changeStatus({
      members: [self, ...[near, away].map((one) => ({ ...one, reachable: false }))],
    });
    await expect.element(page.getByText('No quorum', { exact: true })).toBeVisible();
  });

  test('without a quorum, rules that may be the cause can be cleared at once', async () => {
    controller.change({ phase: 'no-quorum' });
    await expect.element(page.getByText('No quorum', { exact: true })).toBeVisible();
    expect(button('Clear the faults').query()).toBeNull();
    controller.change({ rules: [{ id: 'isolate:A:out', kind: 'drop', from: 'A' }] });
    await button('Clear the faults').click();
    expect(lastCall()).toEqual({ name: 'faults.clear', args: [undefined] });
  });

  test('what goes wrong is shown', async () => {
    controller.nextError = new Error('There is no member "A".');
    await button('Isolate A').click();
    await expect.element(page.getByText('Isolate A: There is no member "A".')).toBeVisible();
    controller.nextResult = { outcome: 'unknown', code: 'timed-out', reason: 'No answer came.' };
    await button('Remove B').click();
    await button('Yes, remove').click();
    await expect.element(page.getByText('Remove B: unknown: No answer came.')).toBeVisible();
  });
});

describe('the tests', () => {
  const tests = () => page.getByRole('region', { name: 'Tests' });

  test('one is chosen and run, for an algorithm that it is for', async () => {
    await field('Test').selectOptions('state-machine');
    await expect.element(tests()).toHaveTextContent(/Fibonacci.*It needs one voter/);
    await expect.element(tests().getByRole('option', { name: 'ABD' })).toBeDisabled();
    await button('Run test').click();
    expect(lastCall()).toEqual({ name: 'tests.run', args: ['state-machine', { algorithm: 'raft' }] });
    await field('Test').selectOptions('nemesis');
    await field('Algorithm of the test').selectOptions('ABD');
    await field('Seed').fill('12');
    await field('Seconds').fill('5');
    await userEvent.keyboard('{Enter}');
    const options = { algorithm: 'abd', seed: 12, durationMs: 5000 };
    await expect.poll(lastCall).toEqual({ name: 'tests.run', args: ['nemesis', options] });
  });

  test('nonsense is not run, and what could not be started is told', async () => {
    await field('Seed').fill('minus one');
    await button('Run test').click();
    expect(controller.asked).toEqual([]);
    await field('Seed').fill('');
    controller.nextError = new Error('The tab of B runs a test.');
    await button('Run test').click();
    await expect.element(page.getByText('Run read-after-write: The tab of B runs a test.')).toBeVisible();
  });

  test('its course is shown, and it can be cancelled once', async () => {
    await expect.element(button('Cancel test')).toBeDisabled();
    controller.change({ test: testView() });
    await expect.element(button('Run test')).toBeDisabled();
    const bar = page.getByRole('progressbar', { name: 'Progress of nemesis' });
    await expect.element(bar).toHaveAttribute('aria-valuenow', '40');
    await expect
      .element(page.getByRole('status', { name: 'Test progress' }))
      .toHaveTextContent('nemesis, seed 7: 812 operations; now isolate (2 rules)');
    await expect.element(page.getByText('isolated B')).toBeVisible();
    await button('Cancel test').click();
    expect(lastCall()).toEqual({ name: 'tests.cancel', args: [] });
    controller.change({ test: testView({ isCancelling: true }) });
    await expect.element(button('Cancel test')).toBeDisabled();
    await expect.element(page.getByText(/cancelling: what was broken is being healed/)).toBeVisible();
  });

  test('one that was cancelled has not failed', async () => {
    const report = testReport({ passed: false, error: 'Cancelled.', cancelled: true, verdict: null });
    controller.change({ test: testView({ report }) });
    const result = page.getByRole('status', { name: 'Result' });
    await expect.element(result).toHaveTextContent(/^nemesis was cancelled\.$/);
  });

  test('a failed one shows the verdict and the picture, the error first', async () => {
    controller.change({ test: failedTest() });
    await expect
      .element(page.getByRole('status', { name: 'Result' }))
      .toHaveTextContent('nemesis did not pass The history is judged not linearizable.');
    await expect.element(page.getByText(/Faults: isolate 3, flaky 2, crash 1/)).toBeVisible();
    await expect.element(field('Key shown')).toHaveTextContent('✗ k, 2 operations');
    const wrong = page.getByRole('img', { name: /^client 2: .*no order explains the history/ });
    await expect.element(wrong).toBeVisible();
    wrong.element().dispatchEvent(new FocusEvent('focusin', { bubbles: true, composed: true }));
    const why = page.getByRole('status', { name: 'The operation pointed at' });
    await expect.element(why).toHaveTextContent(/With its return no order explains the history any more/);
    (wrong.element() as SVGElement).focus();
    await userEvent.keyboard('{ArrowLeft}');
    await expect.element(why).toHaveTextContent(/^client 1: /);
  });

  test('one that measured shows its figures, and no verdict', async () => {
    controller.change({ test: measuredTest() });
    await expect
      .element(page.getByRole('status', { name: 'Result' }))
      .toHaveTextContent('performance passed');
    await expect
      .element(page.getByRole('row', { name: /write, 64 in flight/ }))
      .toHaveTextContent(/1,000\s*1,316\s*44.1 ms\s*102 ms/);
    expect(tests().getByText('The checker').query()).toBeNull();
  });
});

describe('the ring', () => {
  const node = (name: string) => page.getByRole('button', { name: new RegExp(`^${name}:`) });
  const canvas = (): HTMLCanvasElement => {
    const ring = app.shadowRoot?.querySelector('tabraft-cluster')?.shadowRoot?.querySelector('tabraft-ring');
    const found = ring?.shadowRoot?.querySelector('canvas');
    if (found === null || found === undefined) throw new Error('there is no canvas');
    return found;
  };
  const isDrawnOn = (): boolean => {
    const { width, height } = canvas();
    const data = canvas().getContext('2d')?.getImageData(0, 0, width, height).data;
    return data !== undefined && new Uint32Array(data.buffer).some((pixel) => pixel !== 0);
  };

  test('lets go of a member by Done or Escape, and the focus goes back to it', async () => {
    const focused = (): string | undefined => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return (element as HTMLElement | null)?.dataset['name'];
    };
    await node('B').click();
    await page.getByRole('button', { name: 'Done', exact: true }).click();
    expect(focused()).toBe('B');
    await node('B').click();
    await userEvent.keyboard('{Escape}');
    expect(page.getByRole('group', { name: 'Act on B' }).query()).toBeNull();
    expect(focused()).toBe('B');
  });

  test('shows what each member is, its term and its vote, as each of them tells', async () => {
    const nodes = [
      liveNode('A', { role: 'leader' }),
      liveNode('B'),
      liveNode('C', { role: 'candidate', term: 8 }),
    ];
    controller.change({ live: { ...controller.view.live, nodes } });
    await expect.element(node('A')).toHaveTextContent(/Leader.*term 7, *voted A/);
    await expect.element(node('B')).toHaveTextContent(/Follower.*term 7, *voted A/);
    await expect.element(node('C')).toHaveTextContent(/Candidate.*term 8/);
    controller.change({
      nodes: [
        { name: 'A', state: 'running' },
        { name: 'B', state: 'paused' },
        { name: 'C', state: 'gone' },
      ],
    });
    await expect.element(node('B')).toHaveTextContent(/Follower, paused/);
    await expect.element(node('C')).toHaveTextContent(/Not heard/);
  });

  test('draws a link as the rules leave it', async () => {
    const lines = (): string[] =>
      [...(canvas().parentElement?.querySelectorAll('line') ?? [])].map(
        (line) => line.getAttribute('class') ?? '',
      );
    expect(lines()).toEqual(['', '', '']);
    controller.change({
      rules: [
        { id: 'cut', kind: 'drop', from: 'B', to: 'A' },
        { id: 'slow', kind: 'delay', from: 'B', to: 'C', delayMs: [100, 200] },
      ],
    });
    await expect.poll(lines).toEqual(['cut', '', 'disturbed']);
  });

  test.each([1280, 390])('nothing is pushed away at %i px', async (width) => {
    await page.viewport(width, 900);
    const { members } = controller.view.status;
    const live = { ...controller.view.live, nodes: ['A', 'B', 'C'].map((name) => liveNode(name)) };
    controller.changeStatus({ members: [] });
    controller.change({ live });
    await app.updateComplete;
    controller.changeStatus({ members });
    await expect.element(node('B')).toBeVisible();
    const bar = () => page.getByRole('group', { name: 'Playback of the pictures' }).element();
    const top = (): number => Math.round(bar().getBoundingClientRect().top + scrollY);
    const before = top();
    await node('B').click();
    await expect.element(page.getByRole('group', { name: 'Act on B' })).toBeVisible();
    expect(top()).toBe(before);
    // To before the first member was known.
    await button('Freeze').click();
    const moment = page.getByLabelText('Moment shown').element() as HTMLInputElement;
    moment.value = '0';
    moment.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
    await expect.element(page.getByText('At that moment this tab knew of no member.')).toBeVisible();
    expect(top()).toBe(before);
    controller.change({ paused: true });
    await expect.element(button('Let it go on')).toBeInViewport();
    expect(top()).toBe(before);
  });

  test('a step says what happens at its moment', async () => {
    const time = Date.now() - 5000;
    const event = (seq: number, at: number): TraceEvent => ({
      ...{ seq, node: id('A'), name: 'A', time: at, clock: {} },
      ...{ kind: 'vote', candidate: id('B'), term: seq, preVote: false },
    });
    controller.change({ live: { ...controller.view.live, events: [event(1, time), event(2, time + 1)] } });
    await expect.element(page.getByText('A: vote', { exact: true })).not.toBeInTheDocument();
    await button('Step back').click();
    await expect.element(page.getByText('A: vote', { exact: true })).toBeVisible();
  });

  test('a member whose node does nothing is not called reachable', async () => {
    const row = (name: string) => page.getByRole('group', { name: `Member ${name}` });
    await expect.element(page.getByText('3 of 3 voters reachable')).toBeVisible();
    controller.change({
      nodes: [
        { name: 'A', state: 'running' },
        { name: 'B', state: 'paused' },
        { name: 'C', state: 'stopped' },
      ],
    });
    await expect.element(page.getByText('1 of 3 voters reachable')).toBeVisible();
    await expect.element(row('B')).toHaveTextContent(/paused/);
    await expect.element(row('C')).toHaveTextContent(/stopped/);
    await expect.element(row('B')).not.toHaveTextContent(/reachable/);
    await expect.element(row('A')).toHaveTextContent(/reachable/);
  });

  test('lets messages travel, and rests when there are none', async () => {
    const sent: TraceEvent = {
      ...{ seq: 5, node: id('A'), name: 'A', time: Date.now(), clock: {} },
      ...{ kind: 'receive', from: id('B'), message: 'voteRequest', facts: {} },
      ...{ sent: 3, sentAt: Date.now() },
    };
    expect(isDrawnOn()).toBe(false);
    controller.change({ live: { ...controller.view.live, events: [sent] } });
    await expect.poll(isDrawnOn, { timeout: 5000 }).toBe(true);
    await expect.poll(isDrawnOn, { timeout: 5000 }).toBe(false);
    await expect
      .element(page.getByText('0 messages drawn, 0 more under way, 0 left out by the nodes'))
      .toBeVisible();
  });
});

describe('the promises', () => {
  const lead = (name: string, seq: number): TraceEvent => {
    const node = id(name);
    return {
      seq,
      node,
      name,
      time: 1_700_000_000_000,
      clock: { [node]: seq },
      kind: 'role',
      role: 'leader',
      term: 7,
    };
  };
  /** What a page shows that has seen these. */
  const seen = (...events: TraceEvent[]): void => {
    const invariants = new TraceInvariants();
    for (const event of events) invariants.feed(event);
    controller.change({ live: { ...controller.view.live, events, verdicts: invariants.verdicts() } });
  };
  const row = (name: string) => page.getByRole('listitem').filter({ hasText: name });

  test('are unknown until something tells, then hold, and say by how much', async () => {
    await expect.element(row('election safety')).toHaveTextContent(/unknown.*nothing to judge by yet/);
    seen(lead('A', RUN_LENGTH + 1));
    await expect.element(row('election safety')).toHaveTextContent(/holds.*checked 1 time/);
    await expect.element(row('log matching')).toHaveTextContent(/unknown/);
  });

  test('that are broken say by which events', async () => {
    seen(lead('A', RUN_LENGTH + 1), lead('B', 2 * RUN_LENGTH + 5));
    const broken = row('election safety');
    await expect
      .element(broken)
      .toHaveTextContent(/violated.*B and A both lead term 7.*A, event 1:1.*B, event 2:5/);
  });

  test('lead to an event that has just come, though the timeline is out of sight and behind', async () => {
    const find = (host: Element, selector: string): Element => {
      const found = host.shadowRoot?.querySelector(selector);
      if (!found) throw new Error(`there is no ${selector}`);
      return found;
    };
    find(app, 'tabraft-promises').scrollIntoView();
    const timeline = find(find(app, 'tabraft-timeline-section'), 'tabraft-timeline');
    await expect.poll(() => timeline.getBoundingClientRect().bottom < -0.2 * window.innerHeight).toBe(true);
    await untilPainted();
    seen(lead('A', RUN_LENGTH + 1), lead('B', 2 * RUN_LENGTH + 5));
    await page.getByRole('button', { name: /B, event 2:5/ }).click();
    await expect.poll(() => find(timeline, '#chosen').textContent).toMatch(/event 2:5|leader/);
    expect(page.getByText('is not kept').query()).toBeNull();
  });

  test('have the verdict of the last test beside them', async () => {
    await expect.element(row('linearizability')).toHaveTextContent(/unknown.*run a test to know/);
    controller.change({ test: failedTest() });
    await expect.element(row('linearizability')).toHaveTextContent(/violated.*of the last test, nemesis/);
  });
});

describe('the join link', () => {
  test('is copied, and the page says so', async () => {
    const copy = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await button('Copy link').click();
    expect(copy).toHaveBeenCalledWith(controller.view.joinLink);
    await expect.element(page.getByRole('status', { name: 'Copying' })).toHaveTextContent('Link copied.');
  });

  test('is selected, to be copied by hand, where the browser refuses', async () => {
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('not allowed'));
    await button('Copy link').click();
    await expect
      .element(page.getByRole('status', { name: 'Copying' }))
      .toHaveTextContent(/The link is selected/);
    const link = field('Join link').element() as HTMLInputElement;
    expect(deepActiveElement()).toBe(link);
    expect([link.selectionStart, link.selectionEnd]).toEqual([0, controller.view.joinLink.length]);
  });

  test('opens in another tab that shares nothing with this one', async () => {
    const open = vi.spyOn(window, 'open').mockReturnValue(null);
    await button('Open another tab').click();
    expect(open).toHaveBeenCalledWith(controller.view.joinLink, '_blank', 'noopener');
  });
});

describe('the QR code', () => {
  const code = () => page.getByRole('img', { name: /^QR code/ });

  /** What a camera reads that is pointed at the screen. */
  async function scan(): Promise<{ text: string | undefined; quietModules: number }> {
    const base64 = await page.screenshot({ element: code().element(), save: false });
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    // Dark on light, as the least of readers wants it.
    const read = jsQR(data, width, height, { inversionAttempts: 'dontInvert' });
    if (read === null) return { text: undefined, quietModules: 0 };
    const { topLeftCorner, topRightCorner } = read.location;
    const modules = 17 + 4 * read.version;
    return {
      text: read.data,
      quietModules: (topLeftCorner.x * modules) / (topRightCorner.x - topLeftCorner.x),
    };
  }

  test.each<Theme>(['light', 'dark'])('is the join link to a camera in the %s theme', async (theme) => {
    chooseTheme(theme);
    await button('QR code').click();
    await expect.element(code()).toHaveAccessibleName(`QR code of the join link ${controller.view.joinLink}`);
    const { text, quietModules } = await scan();
    expect(text).toBe(controller.view.joinLink);
    expect(quietModules).toBeGreaterThan(3.5);
  });

  test('is of the link that is valid now, and goes by Escape', async () => {
    const joinLink = 'https://192.168.1.7:5173/?channel=relay#c=AAECAwQFBgcICQoLDA0ODw';
    controller.change({ joinLink });
    await button('QR code').click();
    await expect.element(code()).toBeVisible();
    expect((await scan()).text).toBe(joinLink);
    await userEvent.keyboard('{Escape}');
    await expect.element(code()).not.toBeInTheDocument();
    await expect.poll(() => hasFocus('QR code')).toBe(true);
  });

  test('that cannot be drawn is an error in words', async () => {
    controller.change({ joinLink: `https://example.test/${'x'.repeat(4000)}#c=` });
    await button('QR code').click();
    await expect
      .element(page.getByRole('alert'))
      .toHaveTextContent(/The code could not be drawn: .*copy the link/);
    expect(code().query()).toBeNull();
  });

  test('where no other device can open the link, the page says so and what to do', async () => {
    const note = page.getByText(/Another device cannot open this link/);
    const inDialog = page.getByText(/No other device can open this/);
    for (const [host, isHereOnly] of [
      ['localhost:5173', true],
      ['127.0.0.1:5173', true],
      ['[::1]', true],
      ['192.168.1.7:5173', false],
      ['localhost.example', false],
    ] as const) {
      controller.change({ joinLink: `https://${host}/#c=Zk3hQ0m9bVt2xYwS1aRpLg` });
      if (isHereOnly) await expect.element(note).toHaveTextContent('npm start -- --https --host 0.0.0.0');
      else await expect.element(note).not.toBeInTheDocument();
    }
    await button('QR code').click();
    expect(inDialog.query()).toBeNull();
    await userEvent.keyboard('{Escape}');
    controller.change({ joinLink: 'http://localhost:5173/#c=Zk3hQ0m9bVt2xYwS1aRpLg' });
    await expect.element(note).toBeVisible();
    await button('QR code').click();
    await expect.element(inDialog).toBeVisible();
  });
});

describe('the devices of the members', () => {
  const member = (name: string) => page.getByRole('group', { name: `Member ${name}` });

  test('are told apart, and those of this browser are marked', async () => {
    await expect.element(member('A')).toHaveTextContent(/Leader\s+this tab.*Chromium on Linux/);
    await expect.element(member('B')).toHaveTextContent(/Voter\s+this browser.*Chromium on Linux/);
    await expect.element(member('C')).toHaveTextContent(/Safari on iPhone/);
    await expect.element(member('C')).not.toHaveTextContent('this browser');
  });

  test('are unknown until they are told', async () => {
    controller.change({ devices: [{ memberId: id('B'), text: null, isThisBrowser: false }] });
    await expect.element(member('B')).toHaveTextContent('device unknown');
    await expect.element(member('C')).toHaveTextContent('device unknown');
  });
});

describe('what this tab holds', () => {
  const reads = (): number => controller.calls.filter(({ name }) => name === 'excerpt').length;
  const data = (): HTMLElement => {
    const found = app.shadowRoot?.querySelector<HTMLElement>('tabraft-data');
    if (!found) throw new Error('there is no section for data');
    return found;
  };

  test('is read again as entries are applied: at once for whoever looks, else some time later', async () => {
    data().scrollIntoView();
    controller.store.set('k', 'seen');
    controller.changeStatus({ appliedIndex: 100 });
    await expect.element(page.getByRole('cell', { name: '"seen"', exact: true })).toBeVisible();
    app.scrollIntoView();
    await expect.poll(() => data().getBoundingClientRect().top > 1.3 * window.innerHeight).toBe(true);
    for (let frames = 3; frames > 0; frames -= 1) await new Promise(requestAnimationFrame);
    const before = reads();
    controller.store.set('k', 'later');
    controller.changeStatus({ appliedIndex: 101 });
    await app.updateComplete;
    expect(reads()).toBe(before);
    data().scrollIntoView();
    await expect.element(page.getByRole('cell', { name: '"later"', exact: true })).toBeVisible();
  });

  test('is filtered by key, in the node, for whoever looks', async () => {
    data().scrollIntoView();
    for (const key of ['apple', 'pear', 'pineapple']) controller.store.set(key, 'fruit');
    controller.changeStatus({ appliedIndex: 100 });
    const row = (name: string) => page.getByRole('rowheader', { name, exact: true });
    await expect.element(page.getByText('3 keys.')).toBeInTheDocument();
    await field('Filter keys').fill('apple');
    await expect.element(page.getByText('2 of 3 keys match.')).toBeInTheDocument();
    expect([row('apple').query(), row('pear').query(), row('pineapple').query()].map(Boolean)).toEqual([
      true,
      false,
      true,
    ]);
    await field('Filter keys').fill('plum');
    await expect.element(page.getByText('No key contains that.')).toBeInTheDocument();
    await field('Filter keys').fill('');
    await expect.element(row('pear')).toBeInTheDocument();
  });

  test('moves nothing as its keys become many', async () => {
    await page.viewport(390, 900);
    const table = page.getByRole('region', { name: 'This tab’s copy' });
    const header = (): Element => {
      const found = data().shadowRoot?.querySelector('tabraft-states-table')?.shadowRoot?.querySelector('h3');
      if (!found) throw new Error('the table has no heading');
      return found;
    };
    const below = (): number =>
      table.element().getBoundingClientRect().top - header().getBoundingClientRect().top;
    data().scrollIntoView();
    controller.store.set('k', 'one');
    controller.changeStatus({ appliedIndex: 100 });
    await expect.element(page.getByText('1 key.')).toBeInTheDocument();
    const before = below();
    for (let key = 0; key < 12_000; key += 1) controller.store.set(`key-${key}`, 'v');
    controller.changeStatus({ appliedIndex: 101 });
    await expect.element(page.getByText('Shown are 100 of 12,001 keys.')).toBeInTheDocument();
    expect(below()).toBe(before);
  });
});

describe('the theme', () => {
  const radio = (name: string) => page.getByRole('radio', { name, exact: true });
  const colours = () => {
    const { backgroundColor, color, colorScheme } = getComputedStyle(document.documentElement);
    return { backgroundColor, color, colorScheme };
  };
  const LIGHT = { backgroundColor: 'rgb(244, 242, 236)', color: 'rgb(28, 32, 36)' };
  const DARK = { backgroundColor: 'rgb(19, 22, 24)', color: 'rgb(232, 230, 223)' };

  /** The page's own, of which this test page has none. */
  const metas = new DOMParser()
    .parseFromString(indexHtml, 'text/html')
    .querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]');
  /** Of the browser's bars. */
  const barColours = () =>
    [...metas].filter(({ media }) => matchMedia(media).matches).map(({ content }) => content);

  beforeEach(() => document.head.append(...metas));
  afterEach(() => metas.forEach((meta) => meta.remove()));

  test('is the system’s until another is chosen, and again when it is chosen', async () => {
    await expect.element(radio('System')).toBeChecked();
    expect(colours()).toEqual({ ...LIGHT, colorScheme: 'light dark' });
    expect(barColours()).toEqual(['#f4f2ec']);
    await radio('Dark').click();
    expect(colours()).toEqual({ ...DARK, colorScheme: 'dark' });
    expect(barColours()).toEqual(['#131618']);
    await radio('Light').click();
    expect(colours()).toEqual({ ...LIGHT, colorScheme: 'light' });
    expect(barColours()).toEqual(['#f4f2ec']);
    await radio('System').click();
    expect(colours().colorScheme).toBe('light dark');
    expect([...metas].map(({ media }) => media)).toEqual([
      '(prefers-color-scheme: light)',
      '(prefers-color-scheme: dark)',
    ]);
    expect(localStorage.getItem(THEME_KEY)).toBeNull();
  });

  test('reaches what components draw', async () => {
    const panel = app.shadowRoot?.querySelector('tabraft-join')?.shadowRoot?.querySelector('section');
    if (!panel) throw new Error('no panel');
    await radio('Dark').click();
    expect(getComputedStyle(panel).backgroundColor).toBe('rgb(26, 30, 33)');
  });

  test('reaches what is painted, though it stands still', async () => {
    const timeline = app.shadowRoot
      ?.querySelector('tabraft-timeline-section')
      ?.shadowRoot?.querySelector('tabraft-timeline');
    const canvas = timeline?.shadowRoot?.querySelector('canvas');
    if (!canvas) throw new Error('no canvas');
    const colourOfInk = (): string => {
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const at = data.findIndex((value, place) => place % 4 === 3 && value === 255);
      return at < 0 ? 'nothing' : [...data.slice(at - 3, at)].join(', ');
    };
    const event: TraceEvent = {
      ...{ seq: 1, node: id('A'), name: 'A', time: Date.now() - 5000, clock: {} },
      ...{ kind: 'role', role: 'leader', term: 1 },
    };
    await button('Freeze').click();
    await radio('Light').click();
    controller.change({ live: { ...controller.view.live, events: [event] } });
    canvas.scrollIntoView();
    await expect.poll(colourOfInk, { timeout: 5000 }).not.toBe('nothing');
    const light = colourOfInk();
    await radio('Dark').click();
    await expect.poll(colourOfInk, { timeout: 5000 }).not.toBe(light);
  });

  test('is chosen by keyboard, as one stop of the Tab key', async () => {
    (radio('System').element() as HTMLInputElement).focus();
    await userEvent.keyboard('{ArrowRight}{ArrowRight}');
    await expect.element(radio('Dark')).toBeChecked();
    expect(deepActiveElement()).toBe(radio('Dark').element());
    expect(colours().colorScheme).toBe('dark');
    await expect.element(page.getByRole('group', { name: 'Theme' })).toBeVisible();
  });

  test('is remembered, and put in force before the first paint as it was when it was chosen', async () => {
    await radio('Dark').click();
    app.remove();
    const state = () => [document.documentElement.dataset['theme'], [...metas].map(({ media }) => media)];
    const chosen = state();
    applyTheme('system');
    expect(state()).not.toEqual(chosen);
    await runEarlyScript();
    expect(state()).toEqual(chosen);
    document.body.append(app);
    await expect.element(radio('Dark')).toBeChecked();
    expect(colours()).toEqual({ ...DARK, colorScheme: 'dark' });
  });

  test('what is remembered and makes no sense counts for nothing', async () => {
    localStorage.setItem(THEME_KEY, '"><script>');
    await runEarlyScript();
    app.remove();
    document.body.append(app);
    await expect.element(radio('System')).toBeChecked();
    expect(colours().colorScheme).toBe('light dark');
  });

  test('that another tab chose is in force here, too', async () => {
    dispatchEvent(new StorageEvent('storage', { key: THEME_KEY, newValue: 'dark' }));
    await expect.element(radio('Dark')).toBeChecked();
    expect(colours().colorScheme).toBe('dark');
    dispatchEvent(new StorageEvent('storage', { key: null, newValue: null }));
    await expect.element(radio('System')).toBeChecked();
  });

  test('changes also where the browser keeps nothing', async () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await radio('Dark').click();
    expect(colours().colorScheme).toBe('dark');
  });

  /** public/theme.js, as index.html loads it. */
  async function runEarlyScript(): Promise<void> {
    const script = document.createElement('script');
    script.src = '/theme.js';
    const loaded = new Promise((resolve, reject) => {
      script.addEventListener('load', resolve);
      script.addEventListener('error', reject);
    });
    document.head.append(script);
    await loaded;
    script.remove();
  }
});

describe('what is out of sight', () => {
  const last = (): Element => {
    const found = app.shadowRoot?.querySelector('tabraft-promises')?.shadowRoot?.querySelector('h2');
    if (!found) throw new Error('there are no promises');
    return found;
  };
  const isDrawn = (): boolean => last().checkVisibility({ contentVisibilityAuto: true });
  const leaveOut = (skipped: number): void =>
    controller.change({ live: { ...controller.view.live, skipped } });

  test('is not drawn while more happens than can be told, and is again once that is over', async () => {
    await page.viewport(390, 800);
    expect(isDrawn()).toBe(true);
    let untold = 0;
    const isDrawnWhileBusy = (): boolean => {
      leaveOut((untold += 1));
      return isDrawn();
    };
    const isDrawnAtRest = (): boolean => {
      leaveOut(untold);
      return isDrawn();
    };
    const patience = { timeout: 15_000 };
    await expect.poll(isDrawnWhileBusy, patience).toBe(false);
    last().scrollIntoView();
    await expect.poll(isDrawnWhileBusy, patience).toBe(true);
    window.scrollTo({ top: 0 });
    await expect.poll(isDrawnWhileBusy, patience).toBe(false);
    await expect.poll(isDrawnAtRest, patience).toBe(true);
  });
});

describe('a hidden page', () => {
  test('has a place for a new member at once, so that nothing grows when it is seen', async () => {
    const timeline = (): Timeline | null =>
      app.shadowRoot
        ?.querySelector('tabraft-timeline-section')
        ?.shadowRoot?.querySelector('tabraft-timeline') ?? null;
    await expect.poll(timeline).not.toBeNull();
    const lanes = async (): Promise<number> => {
      await app.updateComplete;
      await timeline()?.updateComplete;
      const picture = timeline()?.shadowRoot?.querySelector<HTMLElement>('.picture');
      return Number(picture?.style.getPropertyValue('--lanes'));
    };
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    await expect.poll(lanes).toBe(controller.view.status.members.length);
    const newcomer = { id: 'newcomer', name: 'D', kind: 'learner', reachable: true } as const;
    const members = [...controller.view.status.members, newcomer];
    controller.changeStatus({ members });
    expect(await lanes()).toBe(members.length);
  });

  test('says how the node is at once, renews its sections seldom, and all of them when it is seen', async () => {
    const shownLink = (): string | undefined => app.shadowRoot?.querySelector('tabraft-join')?.link;
    controller.change({ joinLink: 'https://first.example/' });
    await expect.poll(shownLink).toBe('https://first.example/');
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    controller.change({ joinLink: 'https://second.example/' });
    controller.changeStatus({ role: 'follower', leader: 'B' });
    await expect
      .element(page.getByRole('status', { name: 'Cluster state' }))
      .toHaveTextContent('Ready: B leads, this tab follows');
    expect(document.title).toBe('A · follower · tabraft');
    expect(shownLink()).toBe('https://first.example/');
    hidden.mockRestore();
    document.dispatchEvent(new Event('visibilitychange'));
    await expect.poll(shownLink).toBe('https://second.example/');
  });
});

describe('live data', () => {
  test('leaves focus, selection and what is typed alone', async () => {
    await field('Value').fill('half a wo');
    const before = deepActiveElement();
    for (let i = 0; i < 20; i += 1) {
      controller.changeStatus({ term: i, role: i % 2 === 0 ? 'leader' : 'follower', appliedIndex: i });
      controller.change({ notices: [notice(i, `n${i}`)] });
      await app.updateComplete;
    }
    expect(deepActiveElement()).toBe(before);
    await userEvent.keyboard('rd');
    await expect.element(field('Value')).toHaveValue('half a word');
  });

  test('a toggled button keeps its focus', async () => {
    await button('Isolate B').click();
    await expect.poll(() => hasFocus('Heal B')).toBe(true);
  });

  test('the page lets go of a controller that it no longer shows', async () => {
    expect(controller.listenerCount).toBe(1);
    const next = new FakeController(readyView());
    app.controller = next;
    await app.updateComplete;
    expect([controller.listenerCount, next.listenerCount]).toEqual([0, 1]);
    app.remove();
    expect(next.listenerCount).toBe(0);
  });
});

function deepActiveElement(): Element | null {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
}
