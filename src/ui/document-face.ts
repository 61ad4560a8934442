import { chromaOf, hueOf } from './names.ts';
import { documentTitle } from './status-text.ts';
import type { PageView } from './view.ts';

/** Shows the node's name in the browser's tab strip: in the title and as the icon. */
export function showInTabStrip(view: PageView): void {
  const title = documentTitle(view);
  if (document.title !== title) document.title = title;
  const { name } = view.status;
  const href = iconOf(name);
  let link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link === null) {
    link = document.createElement('link');
    link.rel = 'icon';
    document.head.append(link);
  }
  if (link.href !== href) link.href = href;
}

function iconOf(name: string | null): string {
  // The configuration bounds names to letters, digits, - and _: nothing to escape.
  const letters = (name ?? '·').slice(0, 2);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="oklch(0.45 ${chromaOf(name)} ${hueOf(name)})"/><text x="16" y="23" font-family="monospace" font-weight="700" font-size="${letters.length > 1 ? 16 : 21}" text-anchor="middle" fill="white">${letters}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
