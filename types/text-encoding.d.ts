// The one platform facility that the core may use: a pure function, in every runtime.
// Kept to the signatures in use, so that type-checking the core without DOM proves it has no IO.
declare class TextEncoder {
  encode(input: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: boolean; ignoreBOM: boolean });
  decode(input: Uint8Array): string;
}
