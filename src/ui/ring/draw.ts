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
const COLOURS: Readonly<Record<FlightKind, string>> = {
  vote: '--doubt',
  append: '--calm',
  heartbeat: '--ink-soft',
  snapshot: '--good',
  other: '--line-strong',
};

/** A dropped message gets half of the way, and ends in a cross. */
const DROPPED_AT = 0.5;

export function drawFlights(
  canvas: HTMLCanvasElement,
  flights: readonly Flight[],
  places: ReadonlyMap<string, Place>,
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '14px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const style = getComputedStyle(canvas);
  for (const { progress, ...flight } of flights) {
    const [from, to] = [places.get(flight.from), places.get(flight.to)];
    if (from === undefined || to === undefined) continue;
    const isLost = flight.end !== 'arrives' && progress >= DROPPED_AT;
    const at = isLost ? DROPPED_AT : progress;
    const x = ((from.x + (to.x - from.x) * at) * width) / 100;
    const y = ((from.y + (to.y - from.y) * at) * height) / 100;
    context.fillStyle = style.getPropertyValue(isLost ? '--bad' : COLOURS[flight.kind]);
    context.fillText(isLost ? (flight.end === 'held' ? '‖' : '✕') : FLIGHT_WORDS[flight.kind].mark, x, y);
  }
}
