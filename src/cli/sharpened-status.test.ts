import { expect, test } from 'vitest';
import { BOUNDED, SILENCE } from './findings.fixture.ts';
import { sharpenStatus } from './sharpened-status.ts';

const { status } = BOUNDED;
const offset = (earliestMs: number, latestMs: number): typeof BOUNDED.offset =>
  ({ ...BOUNDED.offset, status: 'bounded', earliestMs, latestMs }) as typeof BOUNDED.offset;

test('what is certain to be blur is taken off each edge', () => {
  const sharp = sharpenStatus(status, offset(-1, 2), offset(-0.75, 1.5));
  expect(sharp.sources[2]!.offset).toEqual({ earliest: -1.75, latest: 2.5 });
});

test('nothing is ever widened or turned over', () => {
  expect(sharpenStatus(status, offset(-1, 2), offset(-1.5, 2.5)).sources).toEqual(status.sources);
  expect(sharpenStatus(status, offset(-100, 100), offset(0, 0)).sources).toEqual(status.sources);
});

test('without a bound nothing is known about the blur', () => {
  expect(sharpenStatus(status, SILENCE.offset, SILENCE.offset)).toBe(status);
});
