/** The sections that are loaded behind the first sight of the page. */
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import './curves/curves.ts';
import './data.ts';
import './faults.ts';
import './join.ts';
import './lessons/lessons.ts';
import './logs/logs.ts';
import './notice-list.ts';
import './promises.ts';
import './tests.ts';
import './timeline/section.ts';
