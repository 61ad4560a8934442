import type { ColourOf } from '../palette.ts';
import type { Flight, FlightKind } from './flights.ts';
import type { Place } from './places.ts';

/** Each kind of message has a form of its own, and a colour beside it. */
export const FLIGHT_WORDS: Readonly<Record<FlightKind, { readonly mark: string; readonly word: string }>> = {
  vote: { mark: '■', word: 'vote' },
  append: { mark: '▲', word: 'append' },
  heartbeat: { mark: '●', word: 'heartbeat' },
  snapshot: { mark: '◆', word: 'snapshot' },
  other: { mark: '+', word: 'other' },
};
type Form = (path: Path2D, x: number, y: number) => void;
type Look = FlightKind | Exclude<Flight['end'], 'arrives'>;

const STROKE_PX = 2;
const LOOKS: Readonly<
  Record<Look, { readonly form: Form; readonly token: string; readonly by: 'fill' | 'stroke' }>
> = {
  vote: { form: (path, x, y) => path.rect(x - 4.5, y - 4.5, 9, 9), token: '--doubt', by: 'fill' },
  append: { form: corners([0, -5.5], [5.5, 4.5], [-5.5, 4.5]), token: '--calm', by: 'fill' },
  heartbeat: { form: circle(4), token: '--ink-soft', by: 'fill' },
  snapshot: { form: corners([0, -6], [6, 0], [0, 6], [-6, 0]), token: '--good', by: 'fill' },
  other: { form: lines([-4, 0, 4, 0], [0, -4, 0, 4]), token: '--line-strong', by: 'stroke' },
  dropped: { form: lines([-4, -4, 4, 4], [-4, 4, 4, -4]), token: '--bad', by: 'stroke' },
  held: { form: lines([-2.5, -5, -2.5, 5], [2.5, -5, 2.5, 5]), token: '--bad', by: 'stroke' },
};

/** A dropped message gets half of the way, and ends in a cross. */
const DROPPED_AT = 0.5;

/** All of one look are one path: many are painted as fast as one. */
export function drawFlights(
  canvas: HTMLCanvasElement,
  { width, height }: { readonly width: number; readonly height: number },
  flights: readonly Flight[],
  places: ReadonlyMap<string, Place>,
  colour: ColourOf,
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineWidth = STROKE_PX;
  for (const [look, path] of pathsOf(flights, places, width / 100, height / 100)) {
    const { token, by } = LOOKS[look];
    context[by === 'fill' ? 'fillStyle' : 'strokeStyle'] = colour(token);
    context[by](path);
  }
}

function pathsOf(
  flights: readonly Flight[],
  places: ReadonlyMap<string, Place>,
  scaleX: number,
  scaleY: number,
): Map<Look, Path2D> {
  const paths = new Map<Look, Path2D>();
  for (const { progress, end, kind, ...flight } of flights) {
    const [from, to] = [places.get(flight.from), places.get(flight.to)];
    if (from === undefined || to === undefined) continue;
    const isLost = end !== 'arrives' && progress >= DROPPED_AT;
    const at = isLost ? DROPPED_AT : progress;
    const look = isLost ? end : kind;
    let path = paths.get(look);
    if (path === undefined) paths.set(look, (path = new Path2D()));
    LOOKS[look].form(
      path,
      (from.x + (to.x - from.x) * at) * scaleX,
      (from.y + (to.y - from.y) * at) * scaleY,
    );
  }
  return paths;
}

function corners(...points: readonly (readonly [number, number])[]): Form {
  return (path, x, y) => {
    for (const [at, [dx, dy]] of points.entries())
      if (at === 0) path.moveTo(x + dx, y + dy);
      else path.lineTo(x + dx, y + dy);
    path.closePath();
  };
}

function circle(radius: number): Form {
  return (path, x, y) => {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  };
}

/** Each from one point to another. */
function lines(...ends: readonly (readonly [number, number, number, number])[]): Form {
  return (path, x, y) => {
    for (const [x1, y1, x2, y2] of ends) {
      path.moveTo(x + x1, y + y1);
      path.lineTo(x + x2, y + y2);
    }
  };
}
