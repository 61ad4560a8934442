import { html } from 'lit';
import { GROUPS } from './groups.ts';
import type { Lane } from './model.ts';
import type { Filter } from './rows.ts';

/** What the reader leaves out of the picture, and of the words beneath it. */
export function filters(
  lanes: readonly Lane[],
  { groups, leftOut }: Filter,
  onChange: (filter: Filter) => void,
): unknown {
  const left = leftOut.size + GROUPS.length - groups.size;
  return html`<details class="filters">
    <summary>Filter${left === 0 ? '' : `, ${left} left out`}</summary>
    <fieldset>
      <legend class="small soft">Members</legend>
      ${lanes.map(({ node, name }) =>
        check(name, !leftOut.has(node), () => onChange({ groups, leftOut: toggled(leftOut, node) })),
      )}
    </fieldset>
    <fieldset>
      <legend class="small soft">Events</legend>
      ${GROUPS.map((group) =>
        check(group, groups.has(group), () => onChange({ groups: toggled(groups, group), leftOut })),
      )}
    </fieldset>
  </details>`;
}

function check(label: string, isOn: boolean, onToggle: () => void): unknown {
  return html`<label class="check"
    ><input type="checkbox" .checked=${isOn} @change=${onToggle} />${label}</label
  >`;
}

function toggled<T>(set: ReadonlySet<T>, element: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(element)) next.add(element);
  return next;
}
