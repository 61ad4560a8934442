import { css } from 'lit';
import { AXIS_HEIGHT, LANE_HEIGHT } from './paint.ts';

export const styles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--gap-2);
  }
  .pair {
    display: inline-flex;
    gap: 2px;
  }
  .picture {
    position: relative;
    block-size: calc(${AXIS_HEIGHT}px + var(--lanes) * ${LANE_HEIGHT}px);
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--sunken);
    overflow: clip;
  }
  canvas {
    display: block;
    inline-size: 100%;
    block-size: 100%;
    cursor: grab;
    /* One finger still scrolls the page up and down. */
    touch-action: pan-y;
  }
  canvas:focus-visible {
    outline-offset: -2px;
  }
  .empty {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    pointer-events: none;
  }
  .counts {
    min-block-size: 1lh;
  }
  @media (max-width: 40rem) {
    .counts {
      min-block-size: 2lh;
    }
  }
  /* Room for an event of three lines, so that choosing one moves nothing. */
  .chosen {
    display: grid;
    gap: var(--gap-1);
    align-content: start;
    min-block-size: 6.75rem;
    overflow-wrap: anywhere;
  }
  summary {
    cursor: pointer;
    inline-size: max-content;
    font-size: 0.875rem;
    padding-block: 0.2rem;
  }
  fieldset {
    display: flex;
    flex-wrap: wrap;
    gap: 0 var(--gap-4);
    border: 0;
    margin: 0;
    padding: 0;
  }
  legend {
    float: left;
    min-inline-size: 5rem;
    line-height: 1.6rem;
  }
  .format select {
    inline-size: auto;
  }
`;
