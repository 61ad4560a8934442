import { messageOf } from '../error-text.ts';

/** What was asked for makes no sense: exit status 2. */
export class UsageError extends Error {}

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
