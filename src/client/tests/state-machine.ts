import type { Client } from '../client.ts';
import type { TestRun } from '../test-run.ts';
import { reasonOf } from '../words.ts';

const ALONE = 20;
const RACERS = 5;
const EACH = 8;
/** Of one racer: others win in between. */
const MAX_TRIES = 2000;

/**
 * Each transaction appends the next Fibonacci number and asserts how many there were: two clients that append the
 * same one cannot both succeed.
 */
export async function stateMachine(run: TestRun): Promise<void> {
  const alone = new Sequence(run, 'alone');
  const client = run.client('appender', { isRecorded: false });
  for (let count = 0; count < ALONE; count += 1) {
    run.expect(await alone.append(client, count), `number ${count} was refused to the only client there is`);
    run.progress(count / ALONE / 2, `${count + 1} of ${ALONE} numbers`);
  }
  await alone.verify(ALONE);
  run.step(`one client appended ${ALONE} numbers, each on top of the one before`);
  run.expect(!(await alone.append(client, 3)), 'a version that is long gone was asserted successfully');
  run.step('a transaction that asserted an old version changed nothing');

  const raced = new Sequence(run, 'raced');
  const won = await Promise.all(
    Array.from({ length: RACERS }, (_, number) => raced.race(`racer ${number + 1}`, EACH)),
  );
  const places = won.flat().sort((a, b) => a - b);
  run.expect(
    places.every((place, position) => place === position),
    `racing clients appended in the places ${places.join(', ')}: some were given twice, or left out`,
  );
  await raced.verify(places.length);
  run.step(`${RACERS} racing clients appended ${places.length} numbers: none lost, none repeated`);
}

class Sequence {
  readonly #version: string;

  constructor(
    private readonly run: TestRun,
    private readonly name: string,
  ) {
    this.#version = run.key(`${name}-version`);
  }

  #item(place: number): string {
    return this.run.key(`${this.name}-${place}`);
  }

  /** Puts the number in its place, if there are `count` of them. False: there are not, and nothing changed. */
  async append(client: Client, count: number): Promise<boolean> {
    const result = await client.transact([
      { op: 'ASSERT', key: this.#version, val: count === 0 ? null : String(count) },
      { op: 'SET', key: this.#item(count), val: fibonacci(count) },
      { op: 'SET', key: this.#version, val: String(count + 1) },
    ]);
    if (result.outcome === 'ok') return true;
    this.run.expect(
      result.outcome === 'failed' && result.code === 'assertion',
      `an append came to no end: ${reasonOf(result)}`,
    );
    return false;
  }

  /** Appends so many, in competition with others; returns the places they got. */
  async race(racer: string, wanted: number): Promise<number[]> {
    const client = this.run.client(racer, { isRecorded: false });
    const places: number[] = [];
    for (let tries = 0; places.length < wanted; tries += 1) {
      this.run.expect(tries < MAX_TRIES, `${racer} lost ${MAX_TRIES} times in a row`);
      const version = await client.get(this.#version);
      this.run.expect(version.outcome === 'ok', `${racer} could not read the version: ${reasonOf(version)}`);
      const count = Number(version.value ?? 0);
      if (await this.append(client, count)) places.push(count);
    }
    return places;
  }

  /** Every node has just these numbers. */
  async verify(count: number): Promise<void> {
    for (const member of this.run.members) {
      const client = this.run.client(`reader at ${member}`, { at: [member], isRecorded: false });
      const version = await client.get(this.#version);
      this.run.expect(
        version.outcome === 'ok' && version.value === String(count),
        `${member} has another count than ${count}`,
      );
      for (let place = 0; place <= count; place += 1) {
        const expected = place < count ? fibonacci(place) : null;
        const read = await client.get(this.#item(place));
        this.run.expect(
          read.outcome === 'ok' && read.value === expected,
          `${member} has another number in place ${place} than ${expected ?? 'none'}`,
        );
      }
    }
  }
}

/** 0, 1, 1, 2, 3, … */
function fibonacci(place: number): string {
  let [one, next] = [0n, 1n];
  for (let at = 0; at < place; at += 1) [one, next] = [next, one + next];
  return String(one);
}
