import type { FaultRule } from '../api.ts';

const BY: Partial<Record<FaultRule['kind'], string>> = { duplicate: 'after' };

/** A rule as a sentence: "delay appendRequest from A to B by 50–200 ms, 30 % of the time". */
export function faultSentence({ kind, from, to, messages, probability, delayMs }: FaultRule): string {
  const parts = [
    kind,
    messages === undefined ? 'everything' : join(messages, 'and'),
    ...(from === undefined ? [] : [`from ${join(from, 'or')}`]),
    ...(to === undefined ? [] : [`to ${join(to, 'or')}`]),
    ...(delayMs === undefined ? [] : [`${BY[kind] ?? 'by'} ${delayMs[0]}–${delayMs[1]} ms`]),
  ];
  const text = parts.join(' ');
  return probability === undefined ? text : `${text}, ${formatPercent(probability)} of the time`;
}

function join(words: string | readonly string[], conjunction: string): string {
  if (typeof words === 'string') return words;
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

function formatPercent(probability: number): string {
  return `${Number((probability * 100).toFixed(1))} %`;
}
