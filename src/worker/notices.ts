import type { MemberId } from '../core/ids.ts';
import type { DriverEvent } from '../runtime/driver.ts';
import type { NodeNotice } from './contract.ts';

/** An event in words for the person at the page; null for what only a trace cares about. */
export function describeEvent(
  event: DriverEvent,
  nameOf: (id: MemberId) => string | null,
): NodeNotice | null {
  const info = (text: string): NodeNotice => ({ level: 'info', text });
  const warning = (text: string): NodeNotice => ({ level: 'warning', text });
  switch (event.kind) {
    case 'leader':
      return event.leader === null
        ? warning(`No leader is known in term ${event.term}.`)
        : info(`${nameOf(event.leader) ?? 'A member'} leads term ${event.term}.`);
    case 'role':
      return event.role === 'candidate' ? info(`This tab campaigns in term ${event.term}.`) : null;
    case 'configuration': {
      const members = event.configuration.members.map(({ name, kind }) =>
        kind === 'voter' ? name : `${name} (learner)`,
      );
      const change = event.configuration.outgoing === null ? '' : ' (in transition)';
      return info(`Members are now ${members.join(', ')}${change}.`);
    }
    case 'snapshot':
      return event.origin === 'taken'
        ? null
        : info(`This tab was brought up to date by a snapshot (entry ${event.index}).`);
    case 'quorum-lost':
      return warning('This tab hears from no majority any more, and has stopped leading.');
    case 'transfer': {
      const to = nameOf(event.to) ?? 'A member';
      if (event.outcome === 'begun') return info(`${to} is to take over the leadership.`);
      return event.outcome === 'done' ? info(`${to} has taken over.`) : warning(`${to} has not taken over.`);
    }
    case 'removed':
      return warning('This member was removed from the cluster.');
    case 'gap':
      return warning(`This tab slept for ${(event.gapMs / 1000).toFixed(1)} s.`);
    case 'paused':
      return info('This node is paused.');
    case 'resumed':
      return info('This node goes on.');
    case 'overflow':
      return warning(`Lost for lack of space: ${event.what}.`);
    case 'vote':
    case 'truncate':
    case 'refused':
      return null;
  }
}
