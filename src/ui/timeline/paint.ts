import type { Span } from '../../api.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { firstAt } from '../../trace/first-at.ts';
import type { ColourOf } from '../palette.ts';
import { groupOf, relationTo, type Group } from './groups.ts';
import type { Arrow, Lane, LaneRole, TimelineModel } from './model.ts';
import { ticks } from './scale.ts';

export const AXIS_HEIGHT = 26;
export const LANE_HEIGHT = 64;
const NAMES_WIDTH = 44;
/** Of one picture; beyond, every nth is drawn. */
const MAX_ARROWS = 1200;
/** The longest that a message is looked for before the picture begins. */
const MAX_FLIGHT_MS = 10_000;
const TICK_WIDTH = 120;

export interface Picture {
  readonly model: TimelineModel;
  readonly shown: Span;
  readonly groups: ReadonlySet<Group>;
  /** Lanes left out, by node. */
  readonly hidden: ReadonlySet<string>;
  readonly chosen: TraceEvent | null;
  /** The moment that the page shows. */
  readonly cursor: number | null;
  /** Marked for export. */
  readonly range: Span | null;
}

export interface Painted {
  readonly arrows: number;
  /** Left out, as there were too many. */
  readonly skipped: number;
}

/** What a picture of such a width has where; shared by whoever paints it and whoever points at it. */
export class Layout {
  readonly lanes: readonly Lane[];
  readonly #rows: ReadonlyMap<string, number>;

  constructor(
    readonly picture: Picture,
    readonly width: number,
  ) {
    this.lanes = picture.model.lanes.filter(({ node }) => !picture.hidden.has(node));
    this.#rows = new Map(this.lanes.map(({ node }, row) => [node, row]));
  }

  get height(): number {
    return AXIS_HEIGHT + this.lanes.length * LANE_HEIGHT;
  }

  x(time: number): number {
    const { from, to } = this.picture.shown;
    return NAMES_WIDTH + ((time - from) / (to - from)) * (this.width - NAMES_WIDTH);
  }

  /** Where what began at `time` begins in the picture. */
  left(time: number): number {
    return Math.max(NAMES_WIDTH, this.x(time));
  }

  /** Where what ended at `time` ends in the picture. */
  right(time: number): number {
    return Math.min(this.width, this.x(time));
  }

  timeAt(x: number): number {
    const { from, to } = this.picture.shown;
    return from + ((x - NAMES_WIDTH) / (this.width - NAMES_WIDTH)) * (to - from);
  }

  y(row: number): number {
    return AXIS_HEIGHT + (row + 0.5) * LANE_HEIGHT;
  }

  rowOf(node: string): number | null {
    return this.#rows.get(node) ?? null;
  }

  /** The event of a visible group whose mark is nearest, within `reach` pixels. */
  eventAt(x: number, y: number, reach: number): TraceEvent | null {
    const lane = this.lanes[Math.floor((y - AXIS_HEIGHT) / LANE_HEIGHT)];
    if (lane === undefined) return null;
    const from = firstAt(lane.events, ({ time }) => time, this.timeAt(x - reach));
    let best: { readonly event: TraceEvent; readonly distance: number } | null = null;
    for (let at = from; at < lane.events.length; at += 1) {
      const event = lane.events[at];
      if (event === undefined || this.x(event.time) > x + reach) break;
      if (!this.picture.groups.has(groupOf(event))) continue;
      const distance = Math.abs(this.x(event.time) - x);
      // Of those in one place, the telling ones come first.
      if (best === null || distance - weight(event) < best.distance)
        best = { event, distance: distance - weight(event) };
    }
    return best?.event ?? null;
  }
}

function weight({ kind }: TraceEvent): number {
  return kind === 'send' || kind === 'receive' || kind === 'proxy' ? 0 : 4;
}

export function paint(canvas: HTMLCanvasElement, layout: Layout, colour: ColourOf): Painted {
  const context = canvas.getContext('2d');
  if (context === null) return { arrows: 0, skipped: 0 };
  const scale = devicePixelRatio;
  const { width, height } = layout;
  const [pixels, lines] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== pixels) canvas.width = pixels;
  if (canvas.height !== lines) canvas.height = lines;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '12px system-ui, sans-serif';
  paintRange(context, layout, colour);
  if (layout.lanes.length === 0) return { arrows: 0, skipped: 0 };
  paintAxis(context, layout, colour);
  context.save();
  context.beginPath();
  context.rect(NAMES_WIDTH, 0, width - NAMES_WIDTH, height);
  context.clip();
  for (const [row, lane] of layout.lanes.entries()) paintLane(context, layout, lane, row, colour);
  const painted = paintArrows(context, layout, colour);
  for (const [row, lane] of layout.lanes.entries()) paintMarks(context, layout, lane, row, colour);
  for (const [row, lane] of layout.lanes.entries()) paintFaultLabels(context, layout, lane, row, colour);
  paintCursor(context, layout, colour);
  context.restore();
  paintNames(context, layout, colour);
  return painted;
}

function paintRange(context: CanvasRenderingContext2D, layout: Layout, colour: ColourOf): void {
  const { range } = layout.picture;
  if (range === null) return;
  const [from, to] = [Math.max(NAMES_WIDTH, layout.x(range.from)), layout.x(range.to)];
  context.fillStyle = colour('--focus');
  context.globalAlpha = 0.16;
  context.fillRect(from, 0, Math.max(1, to - from), layout.height);
  context.globalAlpha = 1;
}

function paintAxis(context: CanvasRenderingContext2D, layout: Layout, colour: ColourOf): void {
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  for (const { at, label } of ticks(layout.picture.shown, layout.width / TICK_WIDTH)) {
    const x = layout.x(at);
    context.strokeStyle = colour('--line');
    context.lineWidth = 1;
    line(context, x, AXIS_HEIGHT - 4, x, layout.height);
    context.fillStyle = colour('--ink-soft');
    const half = context.measureText(label).width / 2;
    if (x - half > NAMES_WIDTH && x + half < layout.width) context.fillText(label, x, AXIS_HEIGHT / 2);
  }
}

const ROLE_STROKES: Readonly<Record<LaneRole, { token: string; width: number; dash: number[] }>> = {
  // No member's colour: it would seem to be that one's.
  leader: { token: '--ink', width: 7, dash: [] },
  candidate: { token: '--doubt', width: 5, dash: [3, 2] },
  preCandidate: { token: '--doubt', width: 3, dash: [3, 2] },
  follower: { token: '--line-strong', width: 2, dash: [] },
  learner: { token: '--line-strong', width: 1, dash: [] },
  stopped: { token: '--bad', width: 1, dash: [1, 4] },
  unknown: { token: '--line', width: 2, dash: [] },
};

function paintLane(
  context: CanvasRenderingContext2D,
  layout: Layout,
  { roles, faults }: Lane,
  row: number,
  colour: ColourOf,
): void {
  const { shown } = layout.picture;
  const y = layout.y(row);
  for (const { from, to, kind } of faults) {
    if (to < shown.from || from > shown.to) continue;
    const [left, right] = [layout.left(from), layout.right(to)];
    context.fillStyle = colour(kind === 'rules' ? '--bad' : '--doubt');
    context.globalAlpha = 0.13;
    context.fillRect(left, y - LANE_HEIGHT / 2 + 3, Math.max(2, right - left), LANE_HEIGHT - 6);
    context.globalAlpha = 1;
  }
  for (const { from, to, role } of roles) {
    if (to < shown.from || from > shown.to) continue;
    const { token, width, dash } = ROLE_STROKES[role];
    context.strokeStyle = colour(token);
    context.lineWidth = width;
    context.setLineDash(dash);
    line(context, layout.left(from), y, layout.right(to), y);
  }
  context.setLineDash([]);
}

/** Over what is drawn there, with a rim of the ground: a band is full of lost messages. */
function paintFaultLabels(
  context: CanvasRenderingContext2D,
  layout: Layout,
  { faults }: Lane,
  row: number,
  colour: ColourOf,
): void {
  const { shown } = layout.picture;
  const y = layout.y(row) + LANE_HEIGHT / 2 - 11;
  context.textAlign = 'left';
  context.lineJoin = 'round';
  context.lineWidth = 4;
  context.strokeStyle = colour('--surface');
  for (const { from, to, kind, label } of faults) {
    const [left, right] = [layout.left(from), layout.right(to)];
    if (to < shown.from || from > shown.to || right - left < 48) continue;
    const text = fitting(context, label, right - left - 8);
    context.strokeText(text, left + 4, y);
    context.fillStyle = colour(kind === 'rules' ? '--bad' : '--doubt');
    context.fillText(text, left + 4, y);
  }
}

const ARROW_TOKENS: Readonly<Partial<Record<Group, string>>> = {
  votes: '--doubt',
  appends: '--calm',
  heartbeats: '--line-strong',
  'other messages': '--good',
};

function paintArrows(context: CanvasRenderingContext2D, layout: Layout, colour: ColourOf): Painted {
  const found = arrowsIn(layout);
  const every = Math.ceil(found.length / MAX_ARROWS);
  let drawn = 0;
  for (let at = 0; at < found.length; at += every) {
    const arrow = found[at];
    if (arrow === undefined) continue;
    paintArrow(context, layout, arrow, colour);
    drawn += 1;
  }
  context.globalAlpha = 1;
  return { arrows: drawn, skipped: found.length - drawn };
}

function arrowsIn({ picture }: Layout): Arrow[] {
  const { model, shown, groups, hidden } = picture;
  const endOf = ({ arrivedAt, sentAt }: Arrow): number => arrivedAt ?? sentAt;
  const from = firstAt(model.arrows, endOf, shown.from);
  const found: Arrow[] = [];
  for (let at = from; at < model.arrows.length; at += 1) {
    const arrow = model.arrows[at];
    if (arrow === undefined || endOf(arrow) > shown.to + MAX_FLIGHT_MS) break;
    if (arrow.sentAt > shown.to || !groups.has(arrow.group)) continue;
    const [one, other] = [model.lanes[arrow.from], model.lanes[arrow.to]];
    if (one !== undefined && other !== undefined && !hidden.has(one.node) && !hidden.has(other.node))
      found.push(arrow);
  }
  return found;
}

function paintArrow(context: CanvasRenderingContext2D, layout: Layout, arrow: Arrow, colour: ColourOf): void {
  const { model, chosen } = layout.picture;
  const rows = [arrow.from, arrow.to].map((lane) => layout.rowOf(model.lanes[lane]?.node ?? '') ?? 0);
  const [fromY, toY] = [layout.y(rows[0] ?? 0), layout.y(rows[1] ?? 0)];
  const fromX = layout.x(arrow.sentAt);
  context.globalAlpha = chosen !== null && relationTo(chosen, arrow.event) === 'concurrent' ? 0.12 : 0.75;
  context.lineWidth = 1.25;
  if (arrow.arrivedAt === null) {
    const middle = fromY + (toY - fromY) * 0.4;
    context.strokeStyle = colour('--bad');
    context.setLineDash([4, 3]);
    line(context, fromX, fromY, fromX, middle);
    context.setLineDash([]);
    if (arrow.isHeld) line(context, fromX - 4, middle, fromX + 4, middle);
    else cross(context, fromX, middle);
    return;
  }
  const toX = layout.x(arrow.arrivedAt);
  context.strokeStyle = colour(ARROW_TOKENS[arrow.group] ?? '--ink-soft');
  line(context, fromX, fromY, toX, toY);
  head(context, fromX, fromY, toX, toY);
}

function paintMarks(
  context: CanvasRenderingContext2D,
  layout: Layout,
  { events }: Lane,
  row: number,
  colour: ColourOf,
): void {
  const { shown, groups, chosen } = layout.picture;
  const y = layout.y(row);
  const last = new Map<Group, number>();
  for (let at = firstAt(events, ({ time }) => time, shown.from); at < events.length; at += 1) {
    const event = events[at];
    if (event === undefined || event.time > shown.to) break;
    const group = groupOf(event);
    if (!groups.has(group)) continue;
    const x = Math.round(layout.x(event.time) * 2) / 2;
    const relation = chosen === null ? null : relationTo(chosen, event);
    // Marks of a kind in one place look like one.
    if (last.get(group) === x && relation !== 'self') continue;
    last.set(group, x);
    context.globalAlpha = relation === 'concurrent' ? 0.2 : 1;
    mark(context, group, event, x, y, colour);
    if (relation !== 'self') continue;
    context.strokeStyle = colour('--focus');
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, 11, 0, 2 * Math.PI);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Each group has a form and a height of its own, and a colour beside it. */
function mark(
  context: CanvasRenderingContext2D,
  group: Group,
  event: TraceEvent,
  x: number,
  y: number,
  colour: ColourOf,
): void {
  context.textAlign = 'center';
  const letter = (text: string, token: string, dy: number): void => {
    context.fillStyle = colour(token);
    context.fillText(text, x, y + dy);
  };
  switch (group) {
    case 'elections':
      letter(event.kind === 'role' && event.role === 'leader' ? '★' : '◇', '--doubt', -16);
      return;
    case 'log':
      letter(event.kind === 'commit' ? '✓' : event.kind === 'truncate' ? '✂' : '▪', '--good', 14);
      return;
    case 'clients':
      letter(event.kind === 'invoke' ? '▾' : '▴', '--calm', -14);
      return;
    case 'storage':
      letter('▬', '--ink-soft', 22);
      return;
    case 'faults':
      letter('⚑', '--bad', -20);
      return;
    case 'errors':
      letter('✕', '--bad', -12);
      return;
    default:
      context.fillStyle = colour('--ink-soft');
      context.beginPath();
      context.arc(x, y, 1.75, 0, 2 * Math.PI);
      context.fill();
  }
}

function paintCursor(context: CanvasRenderingContext2D, layout: Layout, colour: ColourOf): void {
  const { cursor } = layout.picture;
  if (cursor === null) return;
  context.strokeStyle = colour('--ink');
  context.lineWidth = 1.5;
  const x = layout.x(cursor);
  line(context, x, 0, x, layout.height);
}

function paintNames(context: CanvasRenderingContext2D, layout: Layout, colour: ColourOf): void {
  context.save();
  context.font = '700 15px ui-monospace, monospace';
  context.textAlign = 'left';
  context.fillStyle = colour('--ink');
  for (const [row, { name }] of layout.lanes.entries())
    context.fillText(fitting(context, name, NAMES_WIDTH - 12), 8, layout.y(row));
  context.restore();
}

function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let fitted = text;
  while (fitted.length > 1 && context.measureText(`${fitted}…`).width > width) fitted = fitted.slice(0, -1);
  return `${fitted}…`;
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function cross(context: CanvasRenderingContext2D, x: number, y: number): void {
  line(context, x - 4, y - 4, x + 4, y + 4);
  line(context, x - 4, y + 4, x + 4, y - 4);
}

/** A little before the lane, so that its marks stay free. */
function head(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 16) return;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [x, y] = [x2 - dx * 6, y2 - dy * 6];
  line(context, x, y, x - dx * 6 - dy * 3, y - dy * 6 + dx * 3);
  line(context, x, y, x - dx * 6 + dy * 3, y - dy * 6 - dx * 3);
}
