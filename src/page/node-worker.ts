export interface NodeWorker {
  readonly worker: Worker;
  /** What the browser says of it, once it has failed; it may be nothing. */
  readonly failure: Promise<string>;
}

function startWorker(): NodeWorker {
  const worker = new Worker(new URL('../worker/main.ts', import.meta.url), {
    type: 'module',
    name: 'tabraft',
  });
  const failure = new Promise<string>((resolve) => {
    worker.addEventListener('error', ({ message }) => resolve(message));
  });
  return { worker, failure };
}

/** It starts beside the page, which before long is drawn for the first time, and would keep a later one waiting. */
let first: NodeWorker | null = startWorker();

export function takeWorker(): NodeWorker {
  const taken = first ?? startWorker();
  first = null;
  return taken;
}
