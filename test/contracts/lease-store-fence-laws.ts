/**
 * The laws of a fence: what makes a paused holder harmless, with no clock at all.
 */
import { expect } from 'vitest';
import { unique } from './lease-store-attempts.ts';
import type { FenceUnderTest, LeaseStoreHarness } from './lease-store.ts';
import type { LeaseStoreLaw } from './lease-store-laws.ts';

const WRITERS = 24;

const needs = ({ fence }: LeaseStoreHarness): string | undefined =>
  fence === undefined ? 'the harness has no fence' : undefined;

async function fenceOf(harness: LeaseStoreHarness, resource = unique('resource')): Promise<FenceUnderTest> {
  return await harness.fence!(resource);
}

const LAWS: readonly LeaseStoreLaw[] = [
  {
    says: 'refuses every lower token from the moment that a higher one was raised, before its first write',
    needs,
    holds: async (harness) => {
      const fence = await fenceOf(harness);
      expect(await fence.write(5n)).toBe('accepted');
      expect(await fence.raise(7n)).toBe('raised');
      expect(await fence.write(5n)).toBe('stale');
      expect(await fence.write(6n)).toBe('stale');
      expect(await fence.raise(6n)).toBe('stale');
      expect(await fence.write(7n)).toBe('accepted');
      expect(await fence.raise(7n)).toBe('raised');
      expect(await fence.write(7n)).toBe('accepted');
    },
  },
  {
    says: 'is raised by a write as well, and never lowered',
    needs,
    holds: async (harness) => {
      const fence = await fenceOf(harness);
      expect(await fence.write(9n)).toBe('accepted');
      expect(await fence.raise(8n)).toBe('stale');
      expect(await fence.write(8n)).toBe('stale');
      expect(await fence.write(9n)).toBe('accepted');
    },
  },
  {
    says: 'keeps resources apart, and compares tokens as whole numbers of 63 bits',
    needs,
    holds: async (harness) => {
      const [one, two] = [await fenceOf(harness), await fenceOf(harness)];
      expect(await one.raise(10n)).toBe('raised');
      expect(await one.write(9n)).toBe('stale');
      expect(await two.write(9n)).toBe('accepted');
      expect(await two.raise(2n ** 53n + 1n)).toBe('raised');
      expect(await two.write(2n ** 53n)).toBe('stale');
      expect(await two.write(2n ** 53n + 1n)).toBe('accepted');
    },
  },
  {
    says: 'accepts among writers at once only the highest afterwards',
    needs,
    holds: async (harness) => {
      const fence = await fenceOf(harness);
      const tokens = Array.from({ length: WRITERS }, (_, at) => BigInt(((at * 7) % WRITERS) + 1));
      const answers = await Promise.all(tokens.map((token) => fence.write(token)));
      expect(answers[tokens.indexOf(BigInt(WRITERS))]).toBe('accepted');
      for (let token = 1n; token < BigInt(WRITERS); token += 1n) expect(await fence.write(token)).toBe('stale');
    },
  },
];

/** Laws of fences. */
export const FENCE_LAWS: readonly LeaseStoreLaw[] = [...LAWS];
