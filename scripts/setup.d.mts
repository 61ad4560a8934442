export const ROOT: string;
export function setUp(): void;
export function build(): Promise<void>;
