/**
 * The components that are not our own, one by one: the whole library is ten times as much. Each registers itself;
 * theme.css maps their tokens onto ours. None of them may show a `wa-icon`: those are fetched from elsewhere.
 */
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
