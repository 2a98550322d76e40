/** The seed is fixed unless asked otherwise, and the replay command survives a shell. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SEED, readSeed, replayCommand, SEED } from './seed.ts';

describe('the seed', () => {
  test('is fixed by default, and an integer below 2^31', () => {
    expect(readSeed(undefined)).toBe(DEFAULT_SEED);
    expect(readSeed('')).toBe(DEFAULT_SEED);
    expect(readSeed('-7')).toBe(-7);
    expect(readSeed('random')).toSatisfy(Number.isInteger);
  });

  test.each(['x', '1.5', '2147483648', 'Infinity'])('%s is refused', (text) => {
    expect(() => readSeed(text)).toThrow('TRUECHIMER_SEED');
  });

  test('is what fast-check uses', () => {
    expect(fc.readConfigureGlobal().seed).toBe(SEED);
  });

  test('is replayed by a command that quotes the name of the test', () => {
    expect(replayCommand('a.test.ts', "it's (1)")).toBe(
      String.raw`TRUECHIMER_SEED=${SEED} npx vitest run a.test.ts -t 'it'\''s \(1\)'`,
    );
  });
});
