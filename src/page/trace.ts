import type { Tabraft, TracePage } from '../api.ts';
import type { TracePorts } from './trace-export.ts';

/** The part of `window.tabraft` that tells what the nodes did. */
export function createTrace(ports: TracePorts): Tabraft['trace'] {
  const page = async (after: number): Promise<TracePage> => {
    if (!Number.isSafeInteger(after) || after < 0)
      throw new TypeError('after: expected 0, or the `next` of a page');
    const found = await ports.node().tracePage(after);
    if (found === null)
      throw new Error(
        'This node keeps no trace: trace.enabled is false in config.json, or the address says trace=off.',
      );
    return found;
  };
  return {
    page,
    async export(...asked) {
      const { exportTraces } = await import('./trace-export.ts');
      return exportTraces(ports, page, ...asked);
    },
    async recording() {
      const recording = await ports.node().recording();
      if (recording === null)
        throw new Error('This node does not record its inputs: trace.inputBytes in config.json is 0.');
      return recording;
    },
  };
}
