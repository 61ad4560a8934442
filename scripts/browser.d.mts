export declare const BROWSER_ARGS: string[];
export declare function findBrowser(): string | undefined;
export declare function findOrInstallBrowser(): string;
