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

let ready: NodeWorker | null = null;

/** While the page reads its configuration: later it is drawn for the first time, and would keep a worker waiting. */
export function prepareWorker(): void {
  ready = startWorker();
}

export function takeWorker(): NodeWorker {
  const taken = ready ?? startWorker();
  ready = null;
  return taken;
}
