/**
 * Broken fences, one mistake each.
 */
import type { Breakage } from './lease-store-breakages.ts';
import type { FenceUnderTest, LeaseStoreHarness } from './lease-store.ts';

/** A fence that compares as it is told. */
export function fence(options: {
  readonly refuses: (token: bigint, highest: bigint) => boolean;
  readonly raises?: boolean;
  readonly isShared?: boolean;
}): () => Partial<LeaseStoreHarness> {
  const { refuses, raises = true, isShared = false } = options;
  return () => {
    let shared = 0n;
    return {
      fence: (): FenceUnderTest => {
        let highest = 0n;
        const see = (token: bigint): boolean => {
          const seen = isShared ? shared : highest;
          if (refuses(token, seen)) return false;
          highest = token;
          shared = highest;
          return true;
        };
        return {
          raise: (token) => Promise.resolve(!raises || see(token) ? 'raised' : 'stale'),
          write: (token) => Promise.resolve(see(token) ? 'accepted' : 'stale'),
        };
      },
    };
  };
}

/** The right comparison. */
export const lower = (token: bigint, highest: bigint): boolean => token < highest;

/** Mistakes of fences. */
export const FENCE_BREAKAGES: readonly Breakage[] = [
  {
    law: 'refuses every lower token',
    what: 'forgets what was raised',
    harness: fence({ refuses: lower, raises: false }),
  },
  {
    law: 'refuses every lower token',
    what: 'refuses the token that is the highest',
    harness: fence({ refuses: (token, highest) => token <= highest }),
  },
  {
    law: 'is raised by a write',
    what: 'takes the last token for the highest',
    harness: fence({ refuses: () => false }),
  },
  {
    law: 'keeps resources apart',
    what: 'compares tokens as text',
    harness: fence({ refuses: (token, highest) => `${token}` < `${highest}` }),
  },
  {
    law: 'keeps resources apart',
    what: 'compares tokens as doubles',
    harness: fence({ refuses: (token, highest) => Number(token) < Number(highest) }),
  },
  {
    law: 'keeps resources apart',
    what: 'has one fence for everything',
    harness: fence({ refuses: lower, isShared: true }),
  },
  {
    law: 'accepts among writers at once',
    what: 'remembers the last that it accepted, out of order',
    harness: fence({ refuses: (token, highest) => token + 1n < highest }),
  },
];
