import { describe, expect, test } from 'vitest';
import { parseControl } from '../../src/mesh/messages.ts';
import { describeDevice } from '../../src/page/device.ts';

const MOZILLA = 'Mozilla/5.0';
const CHROMIUM = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0';

describe('what a page says about its device', () => {
  test.each([
    ['Firefox on Windows', `${MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0`],
    ['Firefox on Android phone', `${MOZILLA} (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0`],
    [
      'Safari on Mac',
      `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15`,
    ],
    [
      'Safari on iPhone',
      `${MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Chrome on iPhone',
      `${MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1`,
    ],
    ['Edge on Windows', `${MOZILLA} (Windows NT 10.0; Win64; x64) ${CHROMIUM} Safari/537.36 Edg/140.0.0.0`],
    [
      'Samsung Internet on Android phone',
      `${MOZILLA} (Linux; Android 10; K) SamsungBrowser/28.0 ${CHROMIUM} Mobile Safari/537.36`,
    ],
    ['Chrome on ChromeOS', `${MOZILLA} (X11; CrOS x86_64 14541.0.0) ${CHROMIUM} Safari/537.36`],
    ['a browser on an unknown system', 'curl/8'],
  ])('%s, by the user agent', (expected, userAgent) => {
    const { browser, system } = describeDevice({
      userAgent,
      maxTouchPoints: 5 * Number(userAgent.includes('iPhone')),
    });
    expect(`${browser} on ${system}`).toBe(expected);
  });

  test.each([
    ['Chrome on Android phone', ['Not;A=Brand', 'Chromium', 'Google Chrome'], 'Android', true],
    ['Chrome on Android tablet', ['Google Chrome', 'Chromium'], 'Android', false],
    ['Edge on Windows', ['Chromium', 'Microsoft Edge'], 'Windows', false],
    ['Chrome on Mac', ['Google Chrome', 'Chromium'], 'macOS', false],
    ['Chrome on ChromeOS', ['Google Chrome', 'Chromium'], 'Chrome OS', false],
    ['Chromium on Linux', ['Chromium', '(Not(A:Brand'], 'Linux', false],
    ['Chrome on Linux', ['Nobody knows it'], 'Linux', false],
  ])('%s, by its brands', (expected, brands, platform, mobile) => {
    const userAgentData = { brands: brands.map((brand) => ({ brand })), mobile, platform };
    const { browser, system } = describeDevice({ userAgent: CHROMIUM, maxTouchPoints: 0, userAgentData });
    expect(`${browser} on ${system}`).toBe(expected);
  });

  test('a Mac with a touch screen is an iPad', () => {
    const userAgent = `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15`;
    expect(describeDevice({ userAgent, maxTouchPoints: 5 })).toEqual({ browser: 'Safari', system: 'iPad' });
  });
});

describe('what another page says about its device', () => {
  const REPORT = { type: 'report', state: 'running', traffic: [], test: null };
  const parse = (report: object) => parseControl(JSON.stringify({ ...REPORT, ...report }));

  test('is short and plain, or the report is refused', () => {
    const device = { browser: 'Samsung Internet', system: 'Android phone' };
    expect(parse({ device })).toEqual({ ...REPORT, device });
    for (const words of ['', 'x'.repeat(25), '<b>', 'Chrome\nLeader', '\u202eemorhC', ' x', 7, null])
      expect(parse({ device: { browser: words, system: 'Linux' } })).toBeNull();
  });

  test('may be missing: an older version does not tell', () => {
    expect(parse({})).toEqual({ ...REPORT, device: null });
    expect(parse({ device: null })).toEqual({ ...REPORT, device: null });
  });
});
