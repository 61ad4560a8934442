/**
 * The components that are not our own, one by one: the whole library is ten times as much. Each registers itself;
 * theme.css maps their tokens onto ours. None of them may show a `wa-icon`: those are fetched from elsewhere. Those that
 * only later sections need are imported in later.ts.
 */
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
