/**
 * Fencing tokens: a number minted in the same atomic step as the grant, growing with every grant (Kleppmann 2016, "How to do
 * distributed locking"; Chubby's sequencers, Burrows 2006, section 2.4).
 *
 * The protected storage remembers the highest token that it has seen and refuses every lower one. That needs no clock at all, and
 * it is the only thing that stops a holder that was paused between its check and its write.
 */
import { ClockError, describeValue } from '../core/index.ts';

declare const domainOf: unique symbol;

/**
 * A token of one domain. `Domain` names who counts (a store and a table, say), so that tokens of two counters do not mix in the type.
 * At run time it is a plain bigint, at least 1: it goes into SQL parameters and headers as it is.
 */
export type FencingToken<Domain extends string = string> = bigint & { readonly [domainOf]: Domain };

/** Tokens fit a signed 64-bit integer, as every database has it. */
export const FENCING_TOKEN_MAX: bigint = 2n ** 63n - 1n;

/**
 * Takes a number that a store has minted, or that came over the wire in a header, for a token.
 *
 * @param value - A bigint, a whole number, or decimal digits; 1 to 2^63 - 1.
 * @throws TC_INVALID_ARGUMENT for anything else: a token is never guessed.
 *
 * @example
 * ```ts
 * import { fencingToken } from 'truechimer/lease';
 *
 * const token = fencingToken<'orders'>('42'); // from a request's header
 * console.log(token + 0n); // 42n
 * ```
 */
export function fencingToken<Domain extends string = string>(value: bigint | number | string): FencingToken<Domain> {
  const token = asBigint(value);
  if (token !== undefined && token >= 1n && token <= FENCING_TOKEN_MAX) return token as FencingToken<Domain>;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `fencingToken: requires a whole number from 1 to 2^63 - 1, got ${describeValue(value)}. ` +
      'Pass the token that came with the grant, unchanged.',
  );
}

function asBigint(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value);
  return undefined;
}
