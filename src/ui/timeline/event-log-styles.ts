import { css } from 'lit';

export const styles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--gap-2);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--gap-1) var(--gap-3);
  }
  .head > span {
    flex: 1 1 14rem;
  }
  .box {
    position: relative;
  }
  .scroller {
    block-size: 20rem;
    /* Ours keeps the reader's place; the browser's would move it a second time. */
    overflow-anchor: none;
    contain: strict;
  }
  .empty {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    pointer-events: none;
  }
  .rows {
    position: relative;
  }
  /* Each has its own transform: what follows the end moves while the oldest go, and lays nothing out anew. */
  .row {
    position: absolute;
    inset-inline: 0;
    inset-block-start: 0;
    display: grid;
    grid-template-columns: 6.6rem 2.2rem minmax(0, 1fr);
    gap: 0 var(--gap-2);
    padding: 0.2rem var(--gap-3) 0.2rem calc(var(--gap-3) - 3px);
    border-inline-start: 3px solid transparent;
    overflow-wrap: anywhere;
    cursor: pointer;
  }
  .row:hover {
    background: color-mix(in oklab, var(--sunken), var(--ink) 7%);
  }
  time,
  .concurrent,
  .relation {
    color: var(--ink-soft);
  }
  .relation {
    white-space: nowrap;
  }
  .row.self {
    border-color: var(--focus);
    background: color-mix(in oklab, var(--sunken), var(--focus) 12%);
    font-weight: 600;
  }
  .scroller:focus-visible {
    outline-offset: -2px;
  }
  .scroller:focus-visible .active {
    outline: 2px solid var(--focus);
    outline-offset: -4px;
  }
  @media (max-width: 40rem) {
    .row {
      grid-template-columns: auto minmax(0, 1fr);
    }
    .words {
      grid-column: 1 / -1;
    }
  }
`;
