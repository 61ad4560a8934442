import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import '../../src/ui/app.ts';
import type { App } from '../../src/ui/app.ts';
import { bannersOf } from '../../src/ui/banners.ts';
import { faultSentence } from '../../src/ui/fault-sentence.ts';
import { documentTitle } from '../../src/ui/status-text.ts';
import type { PageView } from '../../src/ui/view.ts';
import {
  failedTest,
  FakeController,
  measuredTest,
  member,
  notice,
  readyView,
  testView,
} from '../ui/fake-controller.ts';

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
  vi.restoreAllMocks();
});

const button = (name: string) => page.getByRole('button', { name, exact: true });
const field = (name: string) => page.getByLabelText(name, { exact: true });
/** Within shadow roots, where the document's active element is the host. */
const hasFocus = (name: string) => button(name).query()?.matches(':focus') === true;
const lastCall = () => controller.calls.filter(({ name }) => name !== 'raft.states').at(-1);

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
  ] satisfies [string, Partial<PageView>, string, RegExp][])(
    '%s has a text of its own',
    (_, change, title, text) => {
      const [banner] = bannersOf({ ...readyView(), ...change });
      expect(banner?.title).toBe(title);
      expect(banner?.text).toMatch(text);
    },
  );

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
    await expect.element(bar).toHaveAttribute('value', '0.4');
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
    await expect.poll(() => deepActiveElement()?.textContent.trim()).toBe('Heal B');
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
