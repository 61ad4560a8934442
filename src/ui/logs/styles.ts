import { css } from 'lit';

/** How a cell looks, in the grid and in its legend. Whatever the colour says, the border or the fill says, too. */
export const cellStyles = css`
  .applied,
  .committed,
  .stored,
  .volatile,
  .compacted,
  .none {
    --tint: light-dark(oklch(0.87 0.08 calc(var(--term) * 137.5)), oklch(0.4 0.08 calc(var(--term) * 137.5)));
    --edge: light-dark(oklch(0.5 0.12 calc(var(--term) * 137.5)), oklch(0.76 0.1 calc(var(--term) * 137.5)));
    display: grid;
    place-items: center;
    border: 2px solid var(--edge);
    border-radius: var(--radius-small);
    background: var(--surface);
    color: var(--ink);
    font: 600 0.8125rem/1 var(--mono);
    font-variant-numeric: tabular-nums;
    /* Its meaning is in its fill. */
    forced-color-adjust: none;
  }
  .applied {
    background: var(--tint);
  }
  .committed {
    background: linear-gradient(to top, var(--tint) 50%, var(--surface) 50%);
  }
  .stored {
    border-style: dashed;
  }
  .volatile {
    border: 2px dotted var(--edge);
    font-weight: 400;
    font-style: italic;
  }
  .compacted {
    border: 1px solid var(--line);
    background: repeating-linear-gradient(45deg, transparent 0 4px, var(--line) 4px 5px);
  }
  .none {
    border: 0;
    background: none;
  }
`;

export const gridStyles = [
  cellStyles,
  css`
    .scroller {
      position: relative;
      overflow-y: hidden;
      container-type: inline-size;
      padding-block-end: var(--gap-2);
    }
    .unit {
      position: absolute;
      inline-size: var(--control);
      visibility: hidden;
    }
    /* A column more than there are entries: there stands what is next. */
    .track {
      inline-size: calc((var(--columns) + 1) * var(--control));
      min-inline-size: 100%;
    }
    .indexes,
    .cells,
    .marks {
      position: relative;
      contain: strict;
    }
    .indexes,
    .marks {
      block-size: 1.1rem;
      font: 0.6875rem/1.1rem var(--mono);
      color: var(--ink-soft);
    }
    .cells {
      block-size: var(--control);
    }
    .indexes span,
    .marks span,
    .cells > * {
      position: absolute;
      inset-block: 0;
      inset-inline-start: calc(var(--column) * var(--control));
      inline-size: var(--control);
    }
    .indexes span,
    .marks span {
      display: grid;
      justify-content: center;
    }
    /* They travel along with the entries, and nothing else moves for it. */
    .marks span {
      inset-inline-start: 0;
      translate: calc(var(--column) * var(--control));
    }
    .about {
      position: sticky;
      inset-inline-start: 0;
      inline-size: 100cqi;
      padding: var(--gap-1) var(--gap-2);
      display: flex;
      align-items: center;
      gap: 0 var(--gap-3);
      white-space: nowrap;
      overflow: hidden;
    }
    .about .badge {
      block-size: 1.35rem;
      min-inline-size: 1.35rem;
      font-size: 0.8125rem;
    }
    [role='gridcell'] {
      margin: 1px;
      inline-size: calc(var(--control) - 2px);
      cursor: pointer;
      touch-action: manipulation;
    }
    [role='gridcell']:focus-visible {
      outline-offset: -1px;
      z-index: 1;
    }
    .long {
      font-size: 0.625rem;
      letter-spacing: -0.02em;
    }
  `,
];
