import type { Device } from '../mesh/messages.ts';

/** What a browser says about itself; `userAgentData` is Chromium's alone, and more to the point. */
export interface Navigator {
  readonly userAgent: string;
  readonly maxTouchPoints: number;
  readonly userAgentData?: {
    readonly brands: readonly { readonly brand: string }[];
    readonly mobile: boolean;
    readonly platform: string;
  };
}

/** The first that is among the brands counts: all of them are Chromium, too. */
const BRANDS: Readonly<Record<string, string>> = {
  'Microsoft Edge': 'Edge',
  Opera: 'Opera',
  Brave: 'Brave',
  Vivaldi: 'Vivaldi',
  'Samsung Internet': 'Samsung Internet',
  'Google Chrome': 'Chrome',
  HeadlessChrome: 'Chrome',
  Chromium: 'Chromium',
};

/** The first that fits counts: most browsers claim to be those below them, too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Edg(A|iOS)?\//, 'Edge'],
  [/OPR\/|OPiOS\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android.*Mobile/, 'Android phone'],
  [/Android/, 'Android tablet'],
  [/CrOS|Chrome ?OS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Mac|macOS/, 'Mac'],
  [/Linux/, 'Linux'],
];

/** By which people tell devices apart, and no more than that: no version, no model. */
export function describeDevice(navigator: Navigator): Device {
  return { browser: browserOf(navigator), system: systemOf(navigator) };
}

function browserOf({ userAgent, userAgentData }: Navigator): string {
  const brands = userAgentData?.brands.map(({ brand }) => brand) ?? [];
  const brand = Object.keys(BRANDS).find((known) => brands.includes(known));
  return (brand === undefined ? undefined : BRANDS[brand]) ?? firstFit(BROWSERS, userAgent) ?? 'a browser';
}

function systemOf({ userAgent, maxTouchPoints, userAgentData }: Navigator): string {
  const told =
    userAgentData === undefined
      ? userAgent
      : `${userAgentData.platform}${userAgentData.mobile ? ' Mobile' : ''}`;
  const system = firstFit(SYSTEMS, told) ?? 'an unknown system';
  // An iPad gives itself out for a Mac, but no Mac has a touch screen.
  return system === 'Mac' && maxTouchPoints > 1 ? 'iPad' : system;
}

function firstFit(table: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
