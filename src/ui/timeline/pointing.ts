import type { Layout } from './paint.ts';
import type { Span } from '../../api.ts';

/** A pointer that went no further than this has tapped (pixels). */
const TAP_REACH = 5;
const WHEEL_PIXELS = 400;

export interface PointingPorts {
  layout(): Layout | null;
  onPan(byMs: number): void;
  onZoom(factor: number, at: number): void;
  onRange(range: Span): void;
  onTap(x: number, y: number): void;
}

interface Pointer {
  readonly startX: number;
  readonly isRange: boolean;
  x: number;
  isDrag: boolean;
}

/** Mouse, pen and fingers on the picture: one drags it, two stretch it, the shift key marks a range. */
export class Pointing {
  readonly #pointers = new Map<number, Pointer>();

  constructor(private readonly ports: PointingPorts) {}

  onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const { offsetX: x, shiftKey } = event;
    this.#pointers.set(event.pointerId, { startX: x, x, isRange: shiftKey, isDrag: false });
  }

  onMove(event: PointerEvent): void {
    const pointer = this.#pointers.get(event.pointerId);
    const layout = this.ports.layout();
    if (pointer === undefined || layout === null) return;
    const before = pointer.x;
    if (!pointer.isDrag && Math.abs(event.offsetX - pointer.startX) <= TAP_REACH) return;
    pointer.isDrag = true;
    const other = this.#otherThan(event.pointerId);
    pointer.x = event.offsetX;
    if (other !== null) {
      const [was, is] = [Math.abs(before - other.x), Math.abs(pointer.x - other.x)];
      if (was > 0 && is > 0) this.ports.onZoom(was / is, layout.timeAt((pointer.x + other.x) / 2));
    } else if (pointer.isRange) {
      const [from, to] = [pointer.startX, pointer.x].sort((a, b) => a - b);
      this.ports.onRange({ from: layout.timeAt(from ?? 0), to: layout.timeAt(to ?? 0) });
    } else {
      this.ports.onPan(layout.timeAt(before) - layout.timeAt(pointer.x));
    }
  }

  onUp(event: PointerEvent): void {
    const pointer = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (pointer !== undefined && !pointer.isDrag && event.type === 'pointerup')
      this.ports.onTap(event.offsetX, event.offsetY);
  }

  /** Sideways it moves; with a modifier, or as a trackpad's pinch, it zooms; else the page scrolls. */
  onWheel(event: WheelEvent): void {
    const layout = this.ports.layout();
    if (layout === null) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.ports.onZoom(Math.exp(event.deltaY / WHEEL_PIXELS), layout.timeAt(event.offsetX));
      return;
    }
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (sideways === 0 || Math.abs(sideways) < Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    this.ports.onPan(layout.timeAt(sideways) - layout.timeAt(0));
  }

  #otherThan(id: number): Pointer | null {
    for (const [other, pointer] of this.#pointers) if (other !== id) return pointer;
    return null;
  }
}
