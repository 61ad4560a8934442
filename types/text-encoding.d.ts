// The one platform facility that the core may use: a pure function, in every runtime.
// Kept to the signatures in use, so that type-checking the core without DOM proves it has no IO.
declare class TextEncoder {
  encodeInto(source: string, destination: Uint8Array): { readonly read: number; readonly written: number };
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: boolean; ignoreBOM: boolean });
  decode(input: Uint8Array): string;
}
