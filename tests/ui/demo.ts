/** The page without a cluster, in the state that `?state=` names; `&busy` lets its numbers run. */
import type { Status } from '../../src/api.ts';
import '../../src/ui/app.ts';
import type { PageView } from '../../src/ui/view.ts';
import { id } from '../support/core-cluster.ts';
import {
  failedTest,
  FakeController,
  lessonView,
  measuredTest,
  member,
  notice,
  peer,
  readyView,
  testView,
} from './fake-controller.ts';

interface Change extends Partial<Omit<PageView, 'status'>> {
  status?: Partial<Status>;
}

const B_SEES_NOBODY = {
  name: 'B',
  memberId: id('B'),
  role: 'follower',
  leader: null,
  members: [member('A', { reachable: false }), member('B'), member('C', { reachable: false })],
} satisfies Partial<Status>;

const STATES: Readonly<Record<string, Change>> = {
  ready: {},
  follower: {
    status: {
      name: 'B',
      memberId: id('B'),
      role: 'follower',
      peers: [peer('A'), peer('C', { channel: 'local' })],
    },
  },
  starting: { phase: 'starting', phaseDetail: 'Opening this tab’s storage', status: nobody() },
  joining: {
    phase: 'joining',
    phaseDetail: 'Looking for another tab of this cluster; at least one must be open',
    status: { ...nobody(), peers: [peer('?', { name: null, state: 'connecting', channel: null })] },
  },
  alone: {
    phase: 'alone',
    status: { members: [member('A')], peers: [], commitIndex: 2, appliedIndex: 2, lastIndex: 2, term: 1 },
  },
  'no-quorum': {
    phase: 'no-quorum',
    phaseDetail: '2 of the voters cannot be reached',
    rules: [
      { id: 'isolate:B:out', kind: 'drop', from: 'B' },
      { id: 'isolate:B:in', kind: 'drop', to: 'B' },
    ],
    status: {
      ...B_SEES_NOBODY,
      role: 'candidate',
      lastIndex: 134,
      appliedIndex: 126,
      peers: [peer('A', { roundTripMs: null }), peer('C', { state: 'failed', channel: null })],
    },
  },
  'signaling-lost': {
    signaling: { state: 'lost', url: 'ws://localhost:5173/signaling', detail: 'The connection was closed' },
    status: { name: 'C', memberId: id('C'), role: 'follower', peers: [peer('A'), peer('B')] },
  },
  testing: { test: testView() },
  'test-failed': { test: failedTest() },
  'test-measured': { test: measuredTest() },
  lesson: { lesson: lessonView() },
  'lesson-over': { lesson: lessonView({ kind: 'over', end: 'done', text: 'That was it. All is healed.' }) },
  paused: { paused: true, status: { role: 'follower', leader: 'B' } },
  stopped: {
    phase: 'stopped',
    phaseDetail: 'The storage is full',
    status: {
      role: 'stopped',
      leader: null,
      peers: [],
      stoppedReason: 'The disk is full: the write of entry 129 was refused (QuotaExceededError).',
    },
  },
  removed: {
    phase: 'removed',
    phaseDetail: 'This member was removed from the cluster.',
    status: { ...nobody(), role: 'stopped', members: [member('B'), member('C')] },
  },
  replaced: {
    isReplaced: true,
    status: {
      ...{ name: 'D', memberId: id('D'), role: 'learner', leader: 'B' },
      members: [member('A'), member('B'), member('C'), member('D', { kind: 'learner' })],
      peers: [peer('A'), peer('B'), peer('C')],
    },
  },
  many: {
    rules: [
      { id: 'isolate:C:out', kind: 'drop', from: 'C' },
      { id: 'isolate:C:in', kind: 'drop', to: 'C' },
      {
        id: 'delay-1',
        kind: 'delay',
        from: ['A', 'D'],
        to: 'B',
        messages: ['appendRequest', 'heartbeat'],
        probability: 0.3,
        delayMs: [50, 200],
      },
    ],
    status: {
      name: 'D',
      memberId: id('D'),
      role: 'learner',
      term: 1204,
      leader: 'B',
      commitIndex: 1_234_567,
      appliedIndex: 1_234_560,
      lastIndex: 1_234_570,
      members: [
        member('A'),
        member('B'),
        member('C', { reachable: false }),
        ...['D', 'E', 'F', 'G', 'storage-server-1'].map((name) => member(name, { kind: 'learner' })),
      ],
      peers: [
        peer('A'),
        peer('B', { roundTripMs: 12.3 }),
        peer('C', { roundTripMs: null }),
        peer('E', { channel: 'relay' }),
        peer('F', { channel: 'local', roundTripMs: 1234 }),
        peer('G', { state: 'failed', channel: null }),
        peer('storage-server-1'),
      ],
      counters: { 'refused-message': 3, 'messages-malformed': 12, overflows: 1 },
    },
    notices: Array.from({ length: 200 }, (_, i) =>
      notice(
        i,
        `Something that took a few words to say happened in term ${i}.`,
        i % 9 === 0 ? 'error' : i % 4 === 0 ? 'warning' : 'info',
      ),
    ),
  },
  long: { joinLink: `http://localhost:5173/a/long/${'path/'.repeat(20)}#c=Zk3hQ0m9bVt2xYwS1aRpLg` },
};

function nobody(): Partial<Status> {
  return {
    name: null,
    memberId: '',
    role: 'joining',
    term: 0,
    leader: null,
    commitIndex: 0,
    appliedIndex: 0,
    lastIndex: 0,
    members: [],
    peers: [],
  };
}

function viewOf({ status, ...change }: Change): PageView {
  const view = readyView();
  return { ...view, ...change, status: { ...view.status, ...status } };
}

const search = new URLSearchParams(location.search);
const name = search.get('state') ?? 'ready';
const app = document.querySelector('tabraft-app');
if (app === null) throw new Error('demo.html has no <tabraft-app>');

if (name === 'fatal') {
  app.fatal = {
    title: 'config.json is not valid',
    problems: ['config.json: timing.heartbeatMs: expected an integer from 10 to 60000, received "soon"'],
  };
} else if (name !== 'blank') {
  const controller = new FakeController(viewOf(STATES[name] ?? {}));
  for (let i = 0; i < (name === 'long' ? 2000 : 6); i += 1) controller.store.set(`key-${i}`, `value ${i}`);
  controller.store.set('long', 'abcdefghij'.repeat(name === 'long' ? 6000 : 10));
  app.controller = controller;
  Object.assign(globalThis, { controller });
  if (search.has('busy')) {
    let tick = 0;
    setInterval(() => {
      tick += 1;
      const index = controller.view.status.lastIndex + 7;
      controller.change({
        notices: [...controller.view.notices, notice(1000 + tick, `Tick ${tick}.`)].slice(-200),
      });
      controller.changeStatus({
        lastIndex: index,
        commitIndex: index - 1,
        appliedIndex: index - 2,
        peers: controller.view.status.peers.map((one) => ({ ...one, roundTripMs: Math.random() * 20 })),
      });
    }, 100);
  }
}
