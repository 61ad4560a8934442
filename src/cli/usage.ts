import { messageOf } from '../error-text.ts';

/** What was asked for makes no sense: exit status 2. */
export class UsageError extends Error {}

/** More than anybody counts to. */
const MAX_COUNT = 999_999_999;

/** The whole number that an option says. */
export function integerOf(option: string, text: string, least: number, most = MAX_COUNT): number {
  if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  const range = most === MAX_COUNT ? `from ${least} on` : `from ${least} to ${most}`;
  throw new UsageError(`${option}: expected a number ${range}, received "${text}"`);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** The time that an option says, in milliseconds. */
export function durationOf(option: string, text: string, leastMs: number, mostMs: number): number {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw new UsageError(
    `${option}: expected a time such as 500ms, 30s or 2m, from ${leastMs} ms to ${mostMs / 60_000} minutes, received "${text}"`,
  );
}

// Whoever reads what is printed may have seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

/** The exit status of a command that is over; one that failed says why on the standard error. */
export async function exitStatusOf(command: string, main: () => Promise<number>): Promise<number> {
  try {
    return await main();
  } catch (error) {
    const text = messageOf(error);
    const isUsage = error instanceof UsageError || isParseError(error);
    console.error(isUsage ? `${text}\nSee npm run ${command} -- --help` : text);
    return isUsage ? 2 : 1;
  }
}

/** From parseArgs. */
function isParseError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
