// Puts the theme that was chosen in force before the first paint. A module would come after it, and the
// page's Content-Security-Policy runs no script that stands in the page: src/ui/theme.ts does the same
// whenever another theme is chosen, and a test holds the two together.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('tabraft.theme');
  } catch {
    // A browser that keeps nothing for this page: the system decides.
  }
  if (theme !== 'light' && theme !== 'dark') return;
  document.documentElement.dataset.theme = theme;
  for (const meta of document.querySelectorAll('meta[name="theme-color"]'))
    meta.media = meta.dataset.theme === theme ? 'all' : 'not all';
})();
