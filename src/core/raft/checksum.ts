const POLYNOMIAL = 0xedb88320;
/** Bytes that are taken at once, each by a table of its own: one at a time, a large snapshot would take seconds. */
const STRIDE = 8;
const SIZE = 256;

/** At `t * SIZE + byte`: what `byte` adds to the checksum of what ends `t` bytes behind it. */
const TABLES = createTables();

function createTables(): Int32Array {
  const tables = new Int32Array(STRIDE * SIZE);
  for (let byte = 0; byte < SIZE; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    tables[byte] = value;
  }
  for (let at = SIZE; at < tables.length; at += 1) {
    const value = tables[at - SIZE] ?? 0;
    tables[at] = (value >>> 8) ^ (tables[value & 0xff] ?? 0);
  }
  return tables;
}

/** CRC-32 as in IEEE 802.3. Finds damage and mix-ups, not malice. */
export function crc32(bytes: Uint8Array): number {
  let value = -1;
  let at = 0;
  for (; at + STRIDE <= bytes.length; at += STRIDE) {
    value =
      part(7, (bytes[at] ?? 0) ^ value) ^
      part(6, (bytes[at + 1] ?? 0) ^ (value >>> 8)) ^
      part(5, (bytes[at + 2] ?? 0) ^ (value >>> 16)) ^
      part(4, (bytes[at + 3] ?? 0) ^ (value >>> 24)) ^
      part(3, bytes[at + 4] ?? 0) ^
      part(2, bytes[at + 5] ?? 0) ^
      part(1, bytes[at + 6] ?? 0) ^
      part(0, bytes[at + 7] ?? 0);
  }
  for (; at < bytes.length; at += 1) value = (value >>> 8) ^ part(0, (bytes[at] ?? 0) ^ value);
  return (value ^ -1) >>> 0;
}

function part(table: number, byte: number): number {
  return TABLES[table * SIZE + (byte & 0xff)] ?? 0;
}
