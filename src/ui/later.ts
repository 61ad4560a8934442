/** The sections that are loaded behind the first sight of the page. */
import './curves/curves.ts';
import './data.ts';
import './faults.ts';
import './lessons/lessons.ts';
import './logs/logs.ts';
import './promises.ts';
import './tests.ts';
import './timeline/section.ts';
