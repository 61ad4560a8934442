import { css } from 'lit';

/**
 * What the components share: the native controls beside the library's, and a few patterns, in the tokens of
 * theme.css.
 */
export const controls = css`
  :host {
    display: block;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }

  select {
    font: inherit;
    color: inherit;
    inline-size: 100%;
    min-inline-size: 0;
    min-block-size: var(--control);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-small);
    background: var(--surface);
    padding: 0 var(--gap-1) 0 var(--gap-3);
  }
  /* Text that only its name has is placed within it. */
  wa-button {
    position: relative;
    touch-action: manipulation;
  }
  /* Without a box of its own, so that contrast can be judged by machine, too. */
  wa-button::part(label) {
    display: contents;
  }
  wa-button .icon[slot] {
    margin-inline-end: 0.4rem;
  }
  wa-input {
    min-inline-size: 0;
  }
  wa-input::part(label) {
    font-size: 0.8125rem;
    margin-block-end: 0.2rem;
  }
  /* Where the place says what it is for. */
  wa-input.unlabelled::part(label) {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  wa-callout {
    overflow-wrap: anywhere;
  }
  /* Focus rings are drawn beyond the controls in it. */
  wa-callout::part(message) {
    overflow: visible;
    min-inline-size: 0;
  }
  select:disabled {
    cursor: not-allowed;
    opacity: 0.5;
  }
  input[type='checkbox'] {
    inline-size: 1.05rem;
    block-size: 1.05rem;
    margin: 0;
    accent-color: var(--accent);
    flex: none;
  }
  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  /* The control within has it. */
  wa-button:focus-visible,
  wa-input:focus-visible {
    outline: none;
  }

  .field {
    display: grid;
    gap: 0.2rem;
    align-content: start;
    min-inline-size: 0;
  }
  .label {
    font-size: 0.8125rem;
    color: var(--ink-soft);
  }
  .check {
    display: inline-flex;
    align-items: center;
    gap: 0.4rem;
    min-block-size: 1.6rem;
    font-size: 0.8125rem;
    color: var(--ink-soft);
    white-space: nowrap;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--gap-2);
  }
  .icon {
    inline-size: 1em;
    block-size: 1em;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.8;
    stroke-linecap: round;
    stroke-linejoin: round;
    vertical-align: -0.125em;
  }
  .mark {
    white-space: nowrap;
  }
  .mark .icon {
    margin-inline-end: 0.3em;
  }
  .good {
    color: var(--good);
  }
  .bad {
    color: var(--bad);
  }
  .doubt {
    color: var(--doubt);
  }
  .calm {
    color: var(--calm);
  }
  .soft {
    color: var(--ink-soft);
  }
  .small {
    font-size: 0.8125rem;
  }
  .mono {
    font-family: var(--mono);
    font-size: 0.92em;
    font-variant-numeric: tabular-nums;
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
  .latest {
    min-block-size: 1.4em;
    margin-block-start: var(--gap-3);
    overflow-wrap: anywhere;
  }
  .latest > * {
    margin-inline-end: var(--gap-2);
  }
  .hidden-text {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .badge {
    display: inline-grid;
    place-items: center;
    flex: none;
    min-inline-size: 2.1rem;
    block-size: 2.1rem;
    padding: 0 0.35rem;
    border-radius: var(--radius-small);
    font: 700 1.05rem/1 var(--mono);
    background: light-dark(oklch(0.45 0.1 var(--hue)), oklch(0.8 0.1 var(--hue)));
    color: light-dark(#fff, #131618);
  }

  section {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    padding: var(--gap-4);
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--gap-4);
  }
  section > header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: var(--gap-1) var(--gap-4);
  }
  h2 {
    font-size: 1.0625rem;
    font-weight: 650;
    letter-spacing: -0.005em;
  }
  h3 {
    font-size: 0.875rem;
    font-weight: 650;
  }
  .scroller {
    overflow: auto;
    overscroll-behavior: contain;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--sunken);
  }

  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;
