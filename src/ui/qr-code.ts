/** The quiet zone that readers need around a code, in modules. */
const QUIET_MODULES = 4;

export interface QrCode {
  /** Of each side in modules, with the quiet zone. */
  readonly size: number;
  /** The outline of the dark modules, as the `d` of a path. */
  readonly path: string;
  readonly quiet: number;
}

/** Loads what draws codes only now. Throws where it cannot be loaded, or the text is too long for any code. */
export async function drawQrCode(text: string): Promise<QrCode> {
  const [{ correction, generate }, { toSvgPath }] = await Promise.all([
    import('lean-qr'),
    import('lean-qr/extras/svg'),
  ]);
  // M bears a reflection on the screen, and keeps the modules larger than more would.
  const code = generate(text, { minCorrectionLevel: correction.M });
  return { size: code.size + 2 * QUIET_MODULES, path: toSvgPath(code), quiet: QUIET_MODULES };
}
