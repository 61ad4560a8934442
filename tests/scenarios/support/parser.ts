/** One command of a scenario with the outcome that the file holds. */
export interface Block {
  readonly kind: 'block';
  /** Of the command, from 1. */
  readonly line: number;
  readonly command: string;
  readonly outcome: readonly string[];
}

/** Comments and blank lines, kept as they are when a file is rewritten. */
interface Prose {
  readonly kind: 'prose';
  readonly text: string;
}

export type Part = Block | Prose;

const RULE = '----';

/** A scenario that cannot be read or carried out. */
export class ScenarioError extends Error {}

export function parseScenario(file: string, text: string): Part[] {
  const lines = text.replace(/\n+$/, '').split('\n');
  const parts: Part[] = [];
  let at = 0;
  while (at < lines.length) {
    const command = lines[at] ?? '';
    at += 1;
    if (command.trim() === '' || command.startsWith('#')) {
      parts.push({ kind: 'prose', text: command });
      continue;
    }
    const line = at;
    if (lines[at] !== RULE) {
      throw new ScenarioError(`${file}:${line}: '${command}' is not followed by a line '${RULE}'`);
    }
    at += 1;
    const outcome: string[] = [];
    for (; at < lines.length && lines[at]?.trim() !== ''; at += 1) outcome.push(lines[at] ?? '');
    parts.push({ kind: 'block', line, command: command.trim(), outcome });
  }
  if (!parts.some(({ kind }) => kind === 'block')) {
    throw new ScenarioError(`${file}: a scenario without any command`);
  }
  return parts;
}

export function formatScenario(parts: readonly Part[]): string {
  const lines = parts.flatMap((part) =>
    part.kind === 'prose' ? [part.text] : [part.command, RULE, ...part.outcome],
  );
  return `${lines.join('\n')}\n`;
}
