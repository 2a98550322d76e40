/**
 * Numbers in the kernel's text files, taken out of the bytes: no strings, since this runs at every wake-up.
 *
 * A number that is not there is NaN, never 0.
 */

const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;
const TAB = 0x09;
const NEWLINE = 0x0a;

/** More digits are no counter of the kernel: 2^64 has 20. */
const DIGITS_MAX = 20;

/** The bytes of a key, as `valueAfter` takes it. */
export function keyBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A file's bytes, and how many of them are valid. */
export interface FileText {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** The whole number that begins at `at`; NaN unless digits stand there that a blank or the end of the line ends. */
export function numberAt(text: FileText, at: number): number {
  const { bytes, length } = text;
  let value = 0;
  let index = at;
  for (; index < length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
  }
  const digits = index - at;
  if (!(digits > 0 && digits <= DIGITS_MAX)) return NaN;
  const end = index < length ? bytes[index] : NaN;
  return end === SPACE || end === NEWLINE || end === TAB ? value : NaN;
}

/** The number after a key at the beginning of a line, blanks in between allowed; NaN where there is none. */
export function valueAfter(text: FileText, key: Uint8Array, skipped = 0): number {
  const line = lineWith(text, key);
  if (line < 0) return NaN;
  let at = blanksEnd(text, line + key.length);
  for (let field = 0; field < skipped; field += 1) at = blanksEnd(text, wordEnd(text, at));
  return numberAt(text, at);
}

/** The number that follows a key anywhere in the first line, as in `some avg10=0.00 … total=123`. */
export function valueInFirstLine(text: FileText, key: Uint8Array): number {
  const { bytes, length } = text;
  for (let at = 0; at < length && bytes[at] !== NEWLINE; at += 1) {
    if (matches(text, at, key)) return numberAt(text, at + key.length);
  }
  return NaN;
}

/** The number of the given field, counted from 0, of a file whose only line has exactly `fields` numbers. */
export function numberOfLine(text: FileText, field: number, fields: number): number {
  let at = 0;
  let found = NaN;
  for (let index = 0; index < fields; index += 1) {
    const value = numberAt(text, at);
    if (Number.isNaN(value)) return NaN;
    if (index === field) found = value;
    at = wordEnd(text, at);
    if (index < fields - 1) at += 1;
  }
  return at === text.length - 1 && text.bytes[at] === NEWLINE ? found : NaN;
}

/** Where the line begins that begins with the key and a blank; -1 where there is none. */
function lineWith(text: FileText, key: Uint8Array): number {
  const { bytes, length } = text;
  let start = 0;
  while (start < length) {
    if (matches(text, start, key)) {
      const next = bytes[start + key.length];
      if (next === SPACE || next === TAB) return start;
    }
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0 || end >= length) return -1;
    start = end + 1;
  }
  return -1;
}

function matches({ bytes, length }: FileText, at: number, key: Uint8Array): boolean {
  if (at + key.length > length) return false;
  for (let index = 0; index < key.length; index += 1) if (bytes[at + index] !== key[index]) return false;
  return true;
}

function blanksEnd({ bytes, length }: FileText, from: number): number {
  let at = from;
  while (at < length && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
  return at;
}

function wordEnd({ bytes, length }: FileText, from: number): number {
  let at = from;
  while (at < length && bytes[at] !== SPACE && bytes[at] !== TAB && bytes[at] !== NEWLINE) at += 1;
  return at;
}
