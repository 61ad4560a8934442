import type { FaultRule, NodeAction } from '../../api.ts';
import { nextInteger } from '../../core/random.ts';
import { PRESETS } from '../../proxy/presets.ts';
import type { MemberAction } from '../cluster.ts';
import { TestFailure, type TestRun, type Undo } from '../test-run.ts';
import { reasonOf } from '../words.ts';

export interface FaultKind {
  readonly name: string;
  /** What has to be possible for it, beside fault rules. */
  readonly needs: readonly MemberAction[];
  /** Nothing else may be broken meanwhile, and all must be well again before anything else is. */
  readonly isAlone?: true;
  /** Resolves once it is in force, with what ends it; `what` tells the person. */
  inject(run: TestRun, victim: string): Promise<{ readonly what: string; readonly undo: Undo }>;
}

const nothing: Undo = () => Promise.resolve();

function rules(name: string, choose: (run: TestRun, victim: string) => FaultRule[]): FaultKind {
  return {
    name,
    needs: [],
    async inject(run, victim) {
      const ids = await run.setRules(choose(run, victim));
      return {
        what: `${name} (${ids.length === 1 ? '1 rule' : `${ids.length} rules`})`,
        undo: () => run.clearRules(ids),
      };
    },
  };
}

/** Who is named, for each preset that can do with one name, or wants a choice of them. */
function namesFor(preset: string, run: TestRun, victim: string): string[] {
  const others = run.members.filter((name) => name !== victim);
  if (['isolate', 'bridge', 'split', 'one-way'].includes(preset))
    return preset === 'one-way' && run.pick([true, false]) ? [victim, run.pick(others)] : [victim];
  return preset === 'majorities-ring' ? [...run.voters] : [];
}

const presets: readonly FaultKind[] = PRESETS.filter(({ name }) => name !== 'swizzle').map(({ name }) =>
  rules(name, (run, victim) => run.preset(name, ...namesFor(name, run, victim))),
);

const SWIZZLE_STEP_MS = 200;

/** Clogs one member after the other, and frees them in another order. */
const swizzle: FaultKind = {
  name: 'swizzle',
  needs: [],
  async inject(run) {
    const clogs: string[][] = [];
    const all = run.preset('swizzle', ...run.voters);
    for (let at = 0; at < all.length; at += 2) {
      clogs.push(await run.setRules(all.slice(at, at + 2)));
      await run.pause(SWIZZLE_STEP_MS);
    }
    const undo = async (): Promise<void> => {
      while (clogs.length > 0) {
        const [clog = []] = clogs.splice(nextInteger(run.random, 0, clogs.length - 1), 1);
        await run.clearRules(clog);
        await run.nap(SWIZZLE_STEP_MS);
      }
    };
    return { what: `swizzle of ${run.voters.join(', ')}`, undo };
  },
};

/** One direction of one link: what it carried comes late. */
const hold = rules('hold', (run, victim) => {
  const to = run.pick(run.members.filter((name) => name !== victim));
  return [{ id: `hold:${victim}:${to}`, kind: 'hold', from: victim, to }];
});

/** Something done to a node or its tab, and what brings it back. */
function action(name: MemberAction, back: MemberAction | null): FaultKind {
  return {
    name,
    needs: back === null ? [name] : [name, back],
    async inject(run, victim) {
      await run.act(name, victim);
      const undo = back === null ? nothing : () => run.act(back, victim);
      return { what: `${name} of ${victim}`, undo };
    },
  };
}

/** Only a voter that hears others can be made to campaign; whoever cannot is no fault of the run. */
const campaign: FaultKind = {
  name: 'campaign',
  needs: ['campaign'],
  async inject(run) {
    const victim = run.pick(run.voters);
    await run.act('campaign', victim);
    return { what: `campaign of ${victim}`, undo: nothing };
  },
};

/**
 * A voter loses its storage for good: its tab comes back as another member, and the lost one is removed. Others must
 * not be missing meanwhile: a second loss would be one too many.
 */
const wipe: FaultKind = {
  name: 'wipe',
  needs: ['wipe'],
  isAlone: true,
  async inject(run, victim) {
    await run.act('wipe', victim);
    const undo = async (): Promise<void> => {
      const removed = await run.removeMember(victim);
      if (removed.outcome !== 'ok')
        throw new TestFailure(`${victim}, which was wiped, could not be removed: ${reasonOf(removed)}`);
    };
    return { what: `wipe of ${victim}`, undo };
  },
};

const NODE_ACTIONS: readonly (readonly [NodeAction, NodeAction | null])[] = [
  ['pause', 'resume'],
  ['crash', 'restart'],
  ['restart', null],
];

export const FAULT_KINDS: readonly FaultKind[] = [
  ...presets,
  swizzle,
  hold,
  ...NODE_ACTIONS.map(([name, back]) => action(name, back)),
  campaign,
  action('reload', null),
  action('freeze', 'thaw'),
  action('kill-tab', 'open-tab'),
  { ...action('kill-browser', null), isAlone: true },
  wipe,
];
