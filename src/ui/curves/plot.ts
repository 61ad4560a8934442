import uPlot from 'uplot';
import type { ColourOf } from '../palette.ts';
import { placesAlone } from './series.ts';
import styles from 'uplot/dist/uPlot.min.css?inline';

/** As long as less has been measured. */
const LEAST_SHOWN_S = 10;

export const plotStyles: string = styles;

export interface Line {
  readonly label: string;
  /** A token of theme.css. */
  readonly token: string;
  readonly dash?: number[];
}

export type PlotData = readonly [readonly number[], ...(readonly (number | null)[])[]];

/** A plot over time that goes on. */
export class Plot {
  readonly #plot: uPlot;

  constructor(host: HTMLElement, lines: readonly Line[], unit: string, height: number, colour: ColourOf) {
    const axis = (): uPlot.Axis => ({
      stroke: () => colour('--ink-soft'),
      grid: { stroke: () => colour('--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    });
    this.#plot = new uPlot(
      {
        width: host.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { range: timeRange },
          y: { range: (_plot, _low, high) => [0, Math.max(1, (high || 0) * 1.1)] },
        },
        axes: [
          { ...axis(), size: 26, values: (_plot, splits) => splits.map(clockTime) },
          { ...axis(), size: 52, values: (_plot, splits) => splits.map((value) => `${value}${unit}`) },
        ],
        series: [
          {},
          ...lines.map(({ label, token, dash = [] }) => ({
            label,
            stroke: () => colour(token),
            width: 1.75,
            dash,
            spanGaps: false,
            points: {
              size: 4,
              show: true,
              filter: (plot: uPlot, line: number) => placesAlone(plot.data[line] ?? []),
            },
          })),
        ],
      },
      [[], ...lines.map(() => [])],
      host,
    );
  }

  show(data: PlotData): void {
    const [seconds, ...values] = data;
    this.#plot.setData([[...seconds], ...values.map((one) => [...one])]);
  }

  resize(width: number): void {
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#plot.height });
  }

  /** In the colours of now. */
  repaint(): void {
    this.#plot.redraw();
  }

  destroy(): void {
    this.#plot.destroy();
  }
}

/** Of what is measured: around a single moment, uPlot itself would show a day. */
function timeRange({ data: [seconds] }: uPlot, low: number): [number, number] {
  const newest = seconds.at(-1) ?? low;
  return [Math.min(low, newest - LEAST_SHOWN_S), newest];
}

function clockTime(second: number): string {
  return new Date(second * 1000).toLocaleTimeString([], { hour12: false });
}
