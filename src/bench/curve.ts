import type { Row } from './benchmark.ts';
import { short } from './report.ts';
import { STYLE, escape, text } from './svg.ts';

const WIDTH = 760;
const HEIGHT = 260;
const PANEL = { left: 70, top: 40, width: 290, height: 170, step: 380 };

/** Of the figures; each is there for each number of members. */
const DRAWN = ['p50', '256 in flight'];

interface Point {
  readonly members: number;
  readonly value: number;
  readonly floor: number;
}

/** How figures grow with the number of members, each beside its floor. Figures are called `N: what`. */
export function membersCurve(rows: readonly Row[]): string {
  const panels = DRAWN.map((what, position) => {
    const own = rows.filter(({ figure }) => figure.endsWith(`: ${what}`));
    const points = own.map((row) => ({
      members: Number.parseInt(row.figure, 10),
      value: row.value,
      floor: row.floor?.value ?? 0,
    }));
    return panel(`${what}, ${own[0]?.unit ?? ''}`, points, PANEL.left + position * PANEL.step);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escape('How writes grow dearer with the number of voters')}</title>`,
    STYLE,
    ...panels.flat(),
    text(PANEL.left, HEIGHT - 6, 'voters; solid: the cluster, dashed: bare replication'),
    '</svg>',
    '',
  ].join('\n');
}

function panel(title: string, points: readonly Point[], left: number): string[] {
  const { top, width, height } = PANEL;
  const bottom = top + height;
  const most = Math.max(...points.flatMap(({ value, floor }) => [value, floor]));
  const sizes = points.map(({ members }) => members);
  const [fewest, span] = [Math.min(...sizes), Math.max(1, Math.max(...sizes) - Math.min(...sizes))];
  const x = (members: number): number => left + (width * (members - fewest)) / span;
  const y = (amount: number): number => bottom - (height * amount) / most;
  const curve = (kind: string, read: (point: Point) => number): string[] => {
    const path = points.map((point) => `${x(point.members).toFixed(1)},${y(read(point)).toFixed(1)}`);
    const dots = path.map((place) => {
      const [cx = '', cy = ''] = place.split(',');
      return `<circle class="${kind}" cx="${cx}" cy="${cy}" r="3"/>`;
    });
    return [`<polyline class="${kind}-line" points="${path.join(' ')}"/>`, ...dots];
  };
  return [
    text(left, top - 16, title),
    `<line class="axis" x1="${left}" y1="${bottom}" x2="${left + width}" y2="${bottom}"/>`,
    `<line class="axis" x1="${left}" y1="${top}" x2="${left}" y2="${bottom}"/>`,
    text(left - 6, top + 5, short(most), 'end'),
    text(left - 6, bottom + 4, '0', 'end'),
    ...sizes.map((members) => text(x(members), bottom + 18, String(members), 'middle')),
    ...curve('floor', ({ floor }) => floor),
    ...curve('figure', ({ value }) => value),
  ];
}
