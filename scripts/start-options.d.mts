export interface StartOptions {
  help: boolean;
  https: boolean;
  host: string | null;
  port: number;
}
export declare class UsageProblem extends Error {}
export declare function readStartOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): StartOptions;
