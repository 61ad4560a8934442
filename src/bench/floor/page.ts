import { resultOf, type LoadResult } from '../samples.ts';
import type {
  FloorApi,
  FloorLoad,
  FloorPlace,
  FromFloorWorker,
  PageRequest,
  ToFloorWorker,
} from './contract.ts';
import { connectAll } from './signaling.ts';
import { together } from './together.ts';

declare global {
  interface Window {
    floor: FloorApi;
  }
}

const place = placeOf(new URLSearchParams(location.search));
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const { port1: requests, port2 } = new MessageChannel();
const opened = answer('open').then(() => performance.timeOrigin + performance.now());

window.floor = { ready: () => opened, run, end };
document.title = `Floor ${place.index}`;
void start();

async function start(): Promise<void> {
  const started = answer('started');
  tell({ type: 'start', place, requests: port2 }, [port2]);
  await started;
  connectAll(place, (peer, channel) => tell({ type: 'link', peer, channel }, [channel]));
}

async function run(load: FloorLoad): Promise<LoadResult> {
  const done = answer('done');
  tell({ type: 'run', load });
  const own = 'from' in load && load.from === 'page' ? await ask(load) : null;
  const result = own ?? (await done).result;
  await done;
  if (result === null) throw new Error('The worker has measured nothing.');
  return result;
}

async function end(): Promise<void> {
  const ended = answer('ended');
  tell({ type: 'end' });
  await ended;
}

/** The closed loop of the worker, with the way from page to worker and back in it. */
async function ask({
  inFlight,
  bytes,
  durationMs,
}: Extract<FloorLoad, { from: string }>): Promise<LoadResult> {
  const latencies: number[] = [];
  const askedAt: number[] = [];
  const begun = performance.now();
  const post = together<PageRequest>((all) => requests.postMessage(all));
  const next = (number: number): void => {
    askedAt[number] = performance.now();
    post({ number, command: new Uint8Array(bytes).fill(7) });
  };
  await new Promise<void>((resolve) => {
    let left = inFlight;
    const onDone = (number: number): void => {
      const now = performance.now();
      latencies.push(now - (askedAt[number] ?? now));
      if (now - begun < durationMs) {
        next(number);
        return;
      }
      left -= 1;
      if (left === 0) resolve();
    };
    requests.onmessage = ({ data: numbers }: MessageEvent<readonly number[]>) => {
      numbers.forEach(onDone);
    };
    for (let number = 0; number < inFlight; number += 1) next(number);
  });
  const elapsed = performance.now() - begun;
  requests.postMessage([]);
  return resultOf(latencies, elapsed);
}

function tell(message: ToFloorWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}

type Answer<T extends FromFloorWorker['type']> = Extract<FromFloorWorker, { type: T }>;

/** The next one of this kind. */
async function answer<T extends FromFloorWorker['type']>(type: T): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const listen = ({ data }: MessageEvent<FromFloorWorker>): void => {
      if (data.type === type) resolve(data as Answer<T>);
      else if (data.type === 'failed') reject(new Error(data.reason));
      else return;
      worker.removeEventListener('message', listen);
    };
    worker.addEventListener('message', listen);
  });
}

function placeOf(params: URLSearchParams): FloorPlace {
  const room = params.get('room') ?? '';
  return { room, index: Number(params.get('index')), tabs: Number(params.get('tabs')) };
}
