import { nothing, svg, type TemplateResult } from 'lit';

const CIRCLE = 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z';

/** Paths in a box of 16 by 16, drawn with the text's colour. */
const PATHS = {
  ok: 'M2.5 8.5 6.3 12.3 13.5 4',
  failed: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  unknown: 'M5.2 5.6a2.9 2.9 0 1 1 4.3 2.5C8.4 8.7 8 9.3 8 10.3M8 13.2v.1',
  running: 'M8 2.2A5.8 5.8 0 1 1 2.2 8',
  info: `${CIRCLE}M8 7.4v3.6M8 4.9v.1`,
  warning: 'M8 2 14.6 13.6H1.4zM8 6.6v3.2M8 11.8v.1',
  error: 'M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM8 4.8v3.8M8 11.2v.1',
  leader: 'M2.6 13.2h10.8M3 10.4 2 4.2l3.6 2.4L8 2.4l2.4 4.2L14 4.2l-1 6.2z',
  follower: 'M8 3.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6z',
  candidate: 'M2.2 8.4h11.6v5.4H2.2zM5 8.4V2.2h6v6.2M6.8 5l1 1 1.6-1.8',
  learner: 'M8 2.2 13.8 8 8 13.8 2.2 8z',
  joining: 'M1.8 8h8.4M6.8 4.4 10.4 8l-3.6 3.6M14 2.6v10.8',
  stopped: 'M3.6 3.6h8.8v8.8H3.6z',
  paused: 'M5.2 3.2v9.6M10.8 3.2v9.6',
  reachable: 'M1.8 6.4a9 9 0 0 1 12.4 0M4.4 9.2a5.3 5.3 0 0 1 7.2 0M8 12.2v.1',
  unreachable: 'M1.8 6.4a9 9 0 0 1 12.4 0M4.4 9.2a5.3 5.3 0 0 1 7.2 0M8 12.2v.1M2.4 14 13.6 2',
  link: 'M6.6 9.4a3 3 0 0 0 4.3 0l2.2-2.2a3 3 0 0 0-4.3-4.3l-.9.9M9.4 6.6a3 3 0 0 0-4.3 0L2.9 8.8a3 3 0 0 0 4.3 4.3l.9-.9',
  add: 'M8 3v10M3 8h10',
  'open-link': 'M2.2 8h11M9.6 4.4 13.2 8l-3.6 3.6',
  slow: `${CIRCLE}M8 4.4V8l2.6 1.8`,
  qr: 'M2.2 2.2h4.4v4.4H2.2zM9.4 2.2h4.4v4.4H9.4zM2.2 9.4h4.4v4.4H2.2zM9.4 9.4h1.6M13.8 9.4v1.6M9.4 13.8v-1.6M12.2 13.8h1.6',
  'theme-system': 'M2 3h12v8.2H2zM5.4 14h5.2',
  'theme-light':
    'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1.4v1.2M8 13.4v1.2M1.4 8h1.2M13.4 8h1.2M3.3 3.3l.9.9M11.8 11.8l.9.9M3.3 12.7l.9-.9M11.8 4.2l.9-.9',
  'theme-dark': 'M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z',
  shuffled: 'M2 5h3l6 6h3M2 11h3l2-2M9 7l2-2h3M12 3l2 2-2 2M12 9l2 2-2 2',
} as const;

export type IconName = keyof typeof PATHS;

/**
 * Decoration beside a word that says the same; hidden from assistive technology. A slot is for a place in one of
 * the library's components.
 */
export function icon(name: IconName, slot?: 'start' | 'icon'): TemplateResult {
  return svg`<svg class="icon" slot=${slot ?? nothing} viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
