import { describe, expect, it } from 'vitest';
import { checkedOutcome, requirePace, SOURCE_ERROR_MS_MAX } from './exchange-check.ts';
import type { Exchange, Pace } from './time-source.ts';

const STAMP = { wholeMs: 1_790_000_000_000, fractionMs: 0.5 };
const EXCHANGE: Exchange = {
  sentMs: 10,
  serverReceived: STAMP,
  serverSent: STAMP,
  receivedMs: 20,
  sourceErrorMs: 1,
  server: 'one',
  stratum: 2,
  leap: 'none',
};

function check(change: Partial<Exchange>): unknown {
  return checkedOutcome({ outcome: 'measured', exchange: { ...EXCHANGE, ...change } }, { askedMs: 10, nowMs: 20 });
}

describe('checkedOutcome', () => {
  it.each<Partial<Exchange>>([
    {},
    { sourceErrorMs: 0 },
    { sourceErrorMs: SOURCE_ERROR_MS_MAX },
    { serverSent: { wholeMs: 8.64e15, fractionMs: 0 } },
    { serverReceived: { wholeMs: -8.64e15, fractionMs: 1 - 2 ** -53 } },
  ])('passes what can be: %j', (change) => {
    expect(check(change)).toMatchObject({ outcome: 'measured' });
  });

  it.each<[Partial<Exchange>, RegExp]>([
    [{ serverSent: { ...STAMP, fractionMs: 1 } }, /fraction/u],
    [{ serverReceived: { ...STAMP, fractionMs: -0.1 } }, /fraction/u],
    [{ serverSent: { ...STAMP, fractionMs: 250 } }, /fraction/u],
    [{ serverSent: { ...STAMP, wholeMs: 8.64e15 + 1 } }, /range of Date/u],
    [{ serverReceived: { ...STAMP, wholeMs: -8.65e15 } }, /range of Date/u],
    [{ serverSent: { ...STAMP, wholeMs: 0.5 } }, /whole number/u],
    [{ sourceErrorMs: 1.01e9 }, /error of 1010000000 ms/u],
    [{ sourceErrorMs: -1 }, /negative error/u],
    [{ sourceErrorMs: NaN }, /finite/u],
  ])('rejects what cannot be: %j', (change, detail) => {
    expect(check(change)).toMatchObject({
      outcome: 'rejected',
      reason: 'malformed',
      detail: expect.stringMatching(detail),
    });
  });
});

describe('requirePace', () => {
  it('says that there is none', () => {
    expect(() => requirePace('test', 'a', undefined as unknown as Pace)).toThrow(
      /requires a pace of source a, got undefined\. .*\[TC_INVALID_ARGUMENT\]$/u,
    );
  });
});
