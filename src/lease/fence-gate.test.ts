import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Admission, FenceGate, SEQUENCE_WINDOW_MAX } from './fence-gate.ts';
import { type FencingToken, fencingToken } from './fencing-token.ts';
import type { Fence } from './store-port.ts';

const token = (value: number): FencingToken<'jobs'> => fencingToken<'jobs'>(value);

/** What the laws need of a gate; the broken ones below have it too. */
interface Gate {
  raiseNow(token: FencingToken<'jobs'>): 'raised' | 'stale';
  admit(token: FencingToken<'jobs'>, effect: () => void): { readonly ok: boolean };
}

/** Remembers a token only when its effect is done, or admits with another comparison, or forgets to raise. */
class BrokenGate implements Gate {
  #highest = 0n;
  readonly #fault: 'no-check' | 'refuses-own' | 'no-raise' | 'effect-before-check' | 'lowers';

  constructor(fault: 'no-check' | 'refuses-own' | 'no-raise' | 'effect-before-check' | 'lowers') {
    this.#fault = fault;
  }

  raiseNow(given: FencingToken<'jobs'>): 'raised' | 'stale' {
    if (given < this.#highest) return 'stale';
    if (this.#fault !== 'no-raise') this.#highest = given;
    return 'raised';
  }

  admit(given: FencingToken<'jobs'>, effect: () => void): { readonly ok: boolean } {
    if (this.#fault === 'effect-before-check') effect();
    const refused = this.#fault === 'refuses-own' ? given <= this.#highest : given < this.#highest;
    if (refused && this.#fault !== 'no-check' && this.#fault !== 'lowers') return { ok: false };
    if (refused && this.#fault === 'no-check') this.#highest = this.#highest > given ? this.#highest : given;
    else this.#highest = given;
    if (this.#fault !== 'effect-before-check') effect();
    return { ok: true };
  }
}

type Step = readonly ['raise' | 'admit' | 'fail', number];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(fc.constantFrom('raise' as const, 'admit' as const, 'fail' as const), fc.integer({ min: 1, max: 5 })),
  { maxLength: 30 },
);

/** Against the rule in one line: refused iff a higher token came before, by whatever way; and an effect happens iff admitted. */
const followsTheRule = (create: () => Gate) =>
  fc.property(steps, (given) => {
    const gate = create();
    let highest = 0;
    for (const [kind, value] of given) {
      const stale = value < highest;
      highest = Math.max(highest, value);
      let effects = 0;
      const effect = (): void => {
        effects += 1;
        if (kind === 'fail') throw new Error('the disk is full');
      };
      let outcome: boolean;
      try {
        outcome = kind === 'raise' ? gate.raiseNow(token(value)) === 'raised' : gate.admit(token(value), effect).ok;
      } catch {
        outcome = true;
      }
      if (outcome === stale || effects !== (stale || kind === 'raise' ? 0 : 1)) return false;
    }
    return true;
  });

describe('G16, theorem 6: the tokens of admitted effects never decrease', () => {
  it('holds for raises, effects and failing effects in any order', () => {
    fc.assert(
      followsTheRule(() => new FenceGate<'jobs'>()),
      { numRuns: 1000 },
    );
  });

  it.each(['no-check', 'refuses-own', 'no-raise', 'effect-before-check', 'lowers'] as const)(
    'is seen not to hold: %s',
    (fault) => {
      expect(fc.check(followsTheRule(() => new BrokenGate(fault))).failed).toBe(true);
    },
  );
});

describe('FenceGate', () => {
  it('answers with the value, or with the highest token', () => {
    const gate = new FenceGate<'jobs'>();
    expect(gate.highest).toBeUndefined();
    const admitted: Admission<'jobs', string> = gate.admit(token(34), () => 'done');
    expect(admitted).toEqual({ ok: true, value: 'done' });
    expect(gate.admit(token(33), () => 'late')).toEqual({ ok: false, reason: 'stale', highest: 34n });
    expect(gate.highest).toBe(34n);
  });

  it('is a fence for acquire: raised before the promise is even looked at', async () => {
    const gate = new FenceGate<'jobs'>({ name: 'jobs table' });
    const fence: Fence<'jobs'> = gate;
    const raised = fence.raise(token(5), { signal: new AbortController().signal });
    expect(gate.highest).toBe(5n);
    expect(await raised).toBe('raised');
    expect(await gate.raise(token(4))).toBe('stale');
    expect(fence.name).toBe('jobs table');
    await expect(gate.raise(0n as FencingToken<'jobs'>)).rejects.toMatchObject({ code: 'TC_INVALID_ARGUMENT' });
  });

  it('goes on after a restart from what was stored', () => {
    const gate = new FenceGate<'jobs'>({ highest: token(7) });
    expect(gate.admit(token(6), () => 1)).toMatchObject({ ok: false, reason: 'stale' });
    expect(gate.admit(token(7), () => 1)).toMatchObject({ ok: true });
  });

  it('keeps a token raised, and its sequence number free, when the effect throws', () => {
    const gate = new FenceGate<'jobs'>();
    const failing = (): never => {
      throw new Error('the disk is full');
    };
    expect(() => gate.admit(token(2), failing, { sequence: 1 })).toThrow('the disk is full');
    expect(gate.admit(token(1), () => 1)).toMatchObject({ reason: 'stale' });
    expect(gate.admit(token(2), () => 'again', { sequence: 1 })).toEqual({ ok: true, value: 'again' });
    expect(gate.admit(token(2), () => 1, { sequence: 1 })).toMatchObject({ reason: 'duplicate' });
  });

  it('lets nothing in while an effect runs, where a newer holder could slip in', () => {
    const gate = new FenceGate<'jobs'>();
    expect(() => gate.admit(token(1), () => gate.admit(token(2), () => 1))).toThrow(
      'FenceGate.admit: requires to be called outside any effect, got a call from inside one.',
    );
    expect(() => gate.admit(token(1), () => gate.raiseNow(token(2)))).toThrow('FenceGate.raise: ');
    expect(gate.highest).toBe(1n);
    expect(gate.admit(token(1), () => 'open again').ok).toBe(true);
  });

  it('refuses an effect that is not done when it returns', () => {
    const gate = new FenceGate<'jobs'>();
    expect(() => gate.admit(token(1), () => Promise.resolve(1))).toThrow('requires a synchronous effect, got ');
  });

  it('leaves no rejection of such an effect unhandled: it would end the process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', note);
    try {
      const late = (): Promise<never> => Promise.reject(new Error('the disk is full'));
      expect(() => new FenceGate<'jobs'>().admit(token(1), late)).toThrow('requires a synchronous effect, got ');
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('refuses what is no token, no sequence number and no option', () => {
    const gate = new FenceGate<'jobs'>();
    const admit = (value: unknown, options?: object) => () => gate.admit(value as never, () => 1, options);
    for (const value of [0n, -1n, 1.5, 'x', undefined]) expect(admit(value)).toThrow('[TC_INVALID_ARGUMENT]');
    expect(admit(1n, { sequence: 0 })).toThrow('[TC_OUT_OF_RANGE]');
    expect(admit(1n, { sequence: 1.5 })).toThrow('[TC_INVALID_ARGUMENT]');
    expect(admit(1n, { sequnce: 1 })).toThrow('Did you mean sequence?');
    expect(() => new FenceGate({ higest: 1n } as never)).toThrow('Did you mean highest?');
    expect(gate.highest).toBeUndefined();
  });
});

describe('sequence numbers', () => {
  /** Every number once, those of a new token afresh; far behind is refused, whether it was done or not. */
  it('admit each act of a token once, in any order within the window', () => {
    const act = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.oneof(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: SEQUENCE_WINDOW_MAX - 3, max: SEQUENCE_WINDOW_MAX + 6 }),
      ),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const gate = new FenceGate<'jobs'>();
        const done = new Map<number, Set<number>>();
        let highest = 0;
        return acts.every(([value, sequence]) => {
          highest = Math.max(highest, value);
          const own = done.get(value) ?? new Set<number>();
          done.set(value, own);
          const tooFar = sequence <= Math.max(0, ...own) - SEQUENCE_WINDOW_MAX;
          const expected = value < highest ? 'stale' : own.has(sequence) || tooFar ? 'duplicate' : 'ok';
          const got = gate.admit(token(value), () => own.add(sequence), { sequence });
          return (got.ok ? 'ok' : got.reason) === expected;
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('jump far without work or memory for what lies between', () => {
    const gate = new FenceGate<'jobs'>();
    for (const sequence of [1, 2, 9e15]) expect(gate.admit(token(1), () => 1, { sequence }).ok).toBe(true);
    expect(gate.admit(token(1), () => 1, { sequence: 3 })).toMatchObject({ reason: 'duplicate' });
    expect(gate.admit(token(1), () => 1, { sequence: 9e15 - SEQUENCE_WINDOW_MAX + 1 }).ok).toBe(true);
  });

  it('are not asked of acts that have none', () => {
    const gate = new FenceGate<'jobs'>();
    for (let act = 0; act < 3; act += 1) expect(gate.admit(token(1), () => 1).ok).toBe(true);
  });
});
