import { LOG_LEVELS, type LogLevel } from '../config/schema.ts';

const CONSOLE_LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const;

/** Writes a line to the browser's console, if `threshold` lets its level through. */
export function logToConsole(threshold: LogLevel, level: keyof typeof CONSOLE_LEVELS, text: string): void {
  const method = CONSOLE_LEVELS[level];
  if (LOG_LEVELS.indexOf(method) < LOG_LEVELS.indexOf(threshold)) return;
  console[method](text); // eslint-disable-line no-console -- the one place that writes to it
}
