import { BROWSER_ARGS, findOrInstallBrowser } from '../../../scripts/browser.mjs';

/** How every browser of these tests is started. */
export const LAUNCH = { executablePath: findOrInstallBrowser(), args: BROWSER_ARGS };
