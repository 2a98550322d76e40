/**
 * etcd's JSON: bytes as base64, 64-bit integers as decimal strings, and fields of value zero left out.
 */
import { describeValue } from '../core/index.ts';

/** The widest token, 2^63 - 1, has this many digits. */
const TOKEN_DIGITS = 19;

/** Text as etcd's JSON wants bytes: UTF-8 in base64. */
export function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** The text of such bytes. */
export function fromBase64(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0)));
}

/** A token as text whose order, byte by byte, is the order of the numbers: etcd compares values that way. */
export function paddedToken(token: bigint): string {
  return token.toString().padStart(TOKEN_DIGITS, '0');
}

/** A part of an answer. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether it is an object with fields. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field that is an object; empty when it is left out. */
export function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = parent[name] ?? {};
  if (isJsonObject(value)) return value;
  throw unexpected(name, 'an object', value);
}

/** The first entry of a field that is a list of objects; undefined when it is empty or left out. */
export function firstAt(parent: JsonObject, name: string): JsonObject | undefined {
  const list = parent[name] ?? [];
  if (!Array.isArray(list)) throw unexpected(name, 'a list', list);
  const [first] = list as readonly unknown[];
  if (first === undefined || isJsonObject(first)) return first;
  throw unexpected(name, 'a list of objects', first);
}

/** A field that is a 64-bit integer; 0 when it is left out. */
export function integerAt(parent: JsonObject, name: string): bigint {
  const value = parent[name] ?? 0;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw unexpected(name, 'a whole number', value);
}

/** A field that is text in base64; empty when it is left out. */
export function textAt(parent: JsonObject, name: string): string {
  const value = parent[name] ?? '';
  if (typeof value === 'string') return fromBase64(value);
  throw unexpected(name, 'text', value);
}

function unexpected(name: string, what: string, got: unknown): Error {
  return new Error(`etcd: requires ${what} as ${name} of an answer, got ${describeValue(got)}`);
}
