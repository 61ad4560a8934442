import { resultOf, type LoadResult } from '../samples.ts';
import type { FloorLoad, FloorPlace, FromFloorWorker, PageRequest, ToFloorWorker } from './contract.ts';
import { FloorDisk } from './disk.ts';
import { Follower } from './follower.ts';
import { FrameLink, Kind, type Frame } from './frames.ts';
import { Replication } from './replication.ts';
import { together } from './together.ts';

type Load<K extends FloorLoad['kind']> = Extract<FloorLoad, { kind: K }>;

/** What is to be done of what the page asks for. */
type Serve = (requests: readonly PageRequest[], answer: (number: number) => void) => void;

/** Of what is written only to be read. */
const RECORD_BYTES = 65_536;

/** One tab's part: its disk, its channels, and, in tab 0, the load. */
class FloorWorker {
  readonly #links = new Map<number, FrameLink>();
  #open = 0;
  #nextBatch = 1;
  #onFrame: (peer: number, frame: Frame) => void = () => undefined;

  constructor(
    private readonly place: FloorPlace,
    private readonly requests: MessagePort,
    private readonly disk: FloorDisk,
  ) {}

  addLink(peer: number, channel: RTCDataChannel): void {
    let follower: Follower | null = null;
    const link = new FrameLink(
      channel,
      (frame) => {
        if (peer === 0) follower?.onFrame(frame);
        else this.#onFrame(peer, frame);
      },
      () => {
        this.#open += 1;
        if (this.#open === this.place.tabs - 1) tell({ type: 'open' });
      },
    );
    follower = new Follower(this.disk, link);
    this.#links.set(peer, link);
  }

  async run(load: FloorLoad): Promise<LoadResult | null> {
    try {
      switch (load.kind) {
        case 'replicate':
          return await this.#replicate(load);
        case 'round-trip':
          return await this.#roundTrip(load);
        case 'write':
          return await this.#write(load);
        case 'read':
          return await this.#read(load);
        case 'transfer':
          return await this.#transfer(load);
      }
    } finally {
      this.#onFrame = () => undefined;
      await this.disk.clear();
    }
  }

  async end(): Promise<void> {
    await this.disk.delete();
  }

  async #replicate(load: Load<'replicate'>): Promise<LoadResult | null> {
    const peers = [...this.#links.keys()];
    const replication = new Replication(this.disk, [...this.#links.values()], this.#nextBatch);
    this.#onFrame = (peer, { kind, number }) => {
      if (kind === Kind.Ack) replication.onDurable(1 + peers.indexOf(peer), number);
    };
    const serve: Serve = (requests, answer) => {
      for (const { number, command } of requests)
        replication.add({ command, onCommit: () => answer(number) });
      replication.flush();
    };
    const result = load.from === 'page' ? await this.#serve(serve) : await closedLoop(replication, load);
    this.#nextBatch = replication.next;
    return result;
  }

  /** The page asks, and measures by itself. */
  async #serve(serve: Serve): Promise<null> {
    const answer = together<number>((numbers) => this.requests.postMessage(numbers));
    await new Promise<void>((resolve) => {
      this.requests.onmessage = ({ data: requests }: MessageEvent<readonly PageRequest[]>) => {
        if (requests.length === 0) {
          resolve();
          return;
        }
        serve(requests, answer);
      };
    });
    this.requests.onmessage = null;
    return null;
  }

  async #roundTrip({ inFlight, bytes, durationMs, from }: Load<'round-trip'>): Promise<LoadResult | null> {
    const link = this.#links.get(1);
    if (link === undefined) throw new Error('A round trip takes two tabs.');
    if (from === 'page')
      return this.#serve((requests, answer) => {
        this.#onFrame = (_, { kind, number }) => {
          if (kind === Kind.Pong) answer(number);
        };
        for (const { number, command } of requests) link.send(Kind.Ping, number, command);
      });
    const body = new Uint8Array(bytes).fill(7);
    const latencies: number[] = [];
    const begun = performance.now();
    const sentAt: number[] = [];
    const ping = (slot: number): void => {
      sentAt[slot] = performance.now();
      link.send(Kind.Ping, slot, body);
    };
    await new Promise<void>((resolve) => {
      let left = inFlight;
      this.#onFrame = (_, { kind, number }) => {
        if (kind !== Kind.Pong) return;
        const now = performance.now();
        latencies.push(now - (sentAt[number] ?? now));
        if (now - begun < durationMs) {
          ping(number);
          return;
        }
        left -= 1;
        if (left === 0) resolve();
      };
      for (let slot = 0; slot < inFlight; slot += 1) ping(slot);
    });
    return resultOf(latencies, performance.now() - begun);
  }

  async #write({ bytes, durationMs }: Load<'write'>): Promise<LoadResult> {
    const body = new Uint8Array(bytes).fill(7);
    const latencies: number[] = [];
    const begun = performance.now();
    await new Promise<void>((resolve) => {
      const next = (): void => {
        const from = performance.now();
        this.disk.write(body, () => {
          const now = performance.now();
          latencies.push(now - from);
          if (now - begun < durationMs) next();
          else resolve();
        });
      };
      next();
    });
    return resultOf(latencies, performance.now() - begun);
  }

  async #read({ bytes }: Load<'read'>): Promise<LoadResult> {
    for (let left = bytes; left > 0; left -= RECORD_BYTES) {
      const record = new Uint8Array(Math.min(left, RECORD_BYTES)).fill(7);
      await new Promise<void>((resolve) => this.disk.write(record, resolve));
    }
    const begun = performance.now();
    const records = await this.disk.read();
    const elapsed = performance.now() - begun;
    const read = records.reduce((sum, { length }) => sum + length, 0);
    if (read !== bytes) throw new Error(`Of ${bytes} bytes, ${read} were read.`);
    return resultOf([elapsed], elapsed);
  }

  async #transfer({ bytes }: Load<'transfer'>): Promise<LoadResult> {
    const link = this.#links.get(1);
    if (link === undefined) throw new Error('A transfer takes two tabs.');
    const body = new Uint8Array(bytes).fill(7);
    const begun = performance.now();
    await new Promise<void>((resolve) => {
      this.#onFrame = (_, { kind }) => {
        if (kind === Kind.BulkAck) resolve();
      };
      link.send(Kind.Bulk, 0, body);
    });
    const elapsed = performance.now() - begun;
    return resultOf([elapsed], elapsed);
  }
}

/** Each request that is committed is followed by another one, as long as it lasts. */
async function closedLoop(
  replication: Replication,
  { inFlight, bytes, durationMs }: Load<'replicate'>,
): Promise<LoadResult> {
  const command = new Uint8Array(bytes).fill(7);
  const latencies: number[] = [];
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    let left = inFlight;
    const add = (): void => {
      const from = performance.now();
      const onCommit = (): void => {
        const now = performance.now();
        latencies.push(now - from);
        if (now - begun < durationMs) {
          add();
          return;
        }
        left -= 1;
        if (left === 0) resolve();
      };
      replication.add({ command, onCommit });
    };
    for (let number = 0; number < inFlight; number += 1) add();
    replication.flush();
  });
  return resultOf(latencies, performance.now() - begun);
}

function tell(message: FromFloorWorker): void {
  self.postMessage(message);
}

let worker: FloorWorker | null = null;

async function onMessage(message: ToFloorWorker): Promise<void> {
  if (message.type === 'start') {
    const { place, requests } = message;
    worker = new FloorWorker(place, requests, await FloorDisk.open(`floor-${place.room}-${place.index}`));
    tell({ type: 'started' });
    return;
  }
  if (worker === null) throw new Error('start comes first');
  if (message.type === 'link') worker.addLink(message.peer, message.channel);
  else if (message.type === 'run') tell({ type: 'done', result: await worker.run(message.load) });
  else {
    await worker.end();
    tell({ type: 'ended' });
  }
}

self.onmessage = ({ data }: MessageEvent<ToFloorWorker>): void => {
  onMessage(data).catch((error: unknown) => tell({ type: 'failed', reason: String(error) }));
};
