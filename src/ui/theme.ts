/** Of the page; `system`: as the system has it, at any time. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Of this browser, for all tabs of this address. public/theme.js reads it, too. */
export const THEME_KEY = 'tabraft.theme';

/** What was chosen last. */
export function rememberedTheme(): Theme {
  try {
    return parse(localStorage.getItem(THEME_KEY));
  } catch {
    return 'system'; // a browser that keeps nothing for this page
  }
}

/** Puts a theme in force and remembers it; where that is not possible, it lasts as long as the page. */
export function chooseTheme(theme: Theme): void {
  applyTheme(theme);
  try {
    if (theme === 'system') localStorage.removeItem(THEME_KEY);
    else localStorage.setItem(THEME_KEY, theme);
  } catch {
    // As above: the person sees the theme, and chooses again next time.
  }
}

/** The colours follow by `color-scheme` (theme.css); the browser's own bars by `theme-color` (index.html). */
export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset['theme'];
  else dataset['theme'] = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = meta.dataset['theme'];
    meta.media = theme === 'system' ? `(prefers-color-scheme: ${own})` : own === theme ? 'all' : 'not all';
  }
}

/** Calls back once other colours are in force, whoever has changed them; returns the unsubscriber. */
export function onThemeInForce(callback: () => void): () => void {
  const ofSystem = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(callback);
  ofSystem.addEventListener('change', callback);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    ofSystem.removeEventListener('change', callback);
    chosen.disconnect();
  };
}

/** Calls back when a theme is chosen in another tab; returns the unsubscriber. */
export function onThemeChosenElsewhere(callback: (theme: Theme) => void): () => void {
  const listener = ({ key, newValue }: StorageEvent): void => {
    // Null: all of the storage was cleared.
    if (key === THEME_KEY || key === null) callback(parse(newValue));
  };
  addEventListener('storage', listener);
  return () => removeEventListener('storage', listener);
}

function parse(text: string | null): Theme {
  return THEMES.find((theme) => theme === text) ?? 'system';
}
