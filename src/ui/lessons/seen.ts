/** Which lessons this browser’s reader has seen, for all tabs of this address. */
const KEY = 'tabraft.lessons';

export function seenLessons(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((name) => typeof name === 'string') : [];
  } catch {
    return []; // a browser that keeps nothing for this page, or something else under this name
  }
}

export function rememberLesson(name: string): void {
  const seen = seenLessons();
  if (seen.includes(name)) return;
  try {
    localStorage.setItem(KEY, JSON.stringify([...seen, name]));
  } catch {
    // As above: the mark is there until the page is left.
  }
}
