/**
 * G1 in simulated worlds: while the premises hold, the truth is in every bounded answer, in every preset.
 *
 * `npm test` runs a subset with fixed seeds; `TRUECHIMER_SIM=full` (`npm run test:simulation`, and CI) runs more than 10^7 simulated seconds.
 */
import { describe, expect, it } from 'vitest';
import type { Exchange, TimeSource } from 'truechimer';
import { type PresetName, PRESETS } from '../../src/sim/index.ts';
import { exchangesOf, runPreset } from './preset-run.ts';

const FULL = process.env['TRUECHIMER_SIM'] === 'full';

/** Simulated for each preset in a full run: with all of them more than 10^7 s. */
const FULL_MS = 800_000_000;
const QUICK_MS = 20_000_000;
const FULL_SEEDS = [101, 102];
const QUICK_SEEDS = [1];

/** Failing seeds of the past, for ever: preset and seed. */
const REGRESSIONS: readonly (readonly [PresetName, number])[] = [];

/** Where more lie than a majority can outvote there is no bound to check. */
const NO_MAJORITY: readonly PresetName[] = ['chrony-falsetickers-3', 'chrony-falsetickers-4'];

const names = (Object.keys(PRESETS) as PresetName[]).filter((name) => !NO_MAJORITY.includes(name));
const seeds = FULL ? FULL_SEEDS : QUICK_SEEDS;
const forMs = FULL ? FULL_MS / seeds.length : QUICK_MS;

const LIMIT_MS = FULL ? 600_000 : 60_000;

describe('the truth is in every bounded answer', () => {
  const rows = [...names.flatMap((name) => seeds.map((seed) => [name, seed] as const)), ...REGRESSIONS];
  it.each(rows)(
    'G1: containment in %s, seed %i',
    async (preset, seed) => {
      const { coverage, state, network } = await runPreset({ preset, seed, forMs });
      expect(coverage.of('violations')).toBe(0);
      expect(coverage.of('bounded')).toBeGreaterThan(0.95 * (forMs / 5000));
      expect(exchangesOf(state)).toBeGreaterThan(forMs / 1_100_000);
      if (preset === 'chrony-packet-loss') expect(network.lost).toBeGreaterThan(0.2 * network.sent);
      if (preset.startsWith('chrony-falsetickers')) {
        const verdicts = state.clock.status.sources.map((source) => source.verdict);
        expect(verdicts.filter((verdict) => verdict === 'falseticker')).toHaveLength(state.built.liars);
      }
      state.clock.stop();
    },
    LIMIT_MS,
  );

  it.each(NO_MAJORITY)('G5: %s: no majority, no number', async (preset) => {
    const { coverage } = await runPreset({ preset, seed: 7, forMs: 5_000_000 });
    expect(coverage.of('bounded')).toBe(0);
    expect(coverage.of('unbounded: no-agreement')).toBeGreaterThan(900);
  });
});

describe('faults of the machine', () => {
  it.each([1, 2, 3])('G6, G7: steps, suspends, pauses and resumed machines at random, seed %i', async (seed) => {
    const kinds = ['step', 'suspend', 'pause', 'vm-pause'] as const;
    const faults = Array.from({ length: 120 }, (_, index) => {
      const kind = kinds[(index * 7 + seed) % kinds.length] ?? 'step';
      const atMs = 60_000 + index * 150_000;
      const node = 'client';
      const sizeMs = 40 + ((index * 7919 * seed) % 90_000);
      return kind === 'step'
        ? { kind, atMs, node, byMs: index % 3 === 0 ? sizeMs : -sizeMs }
        : { kind, atMs, node, forMs: sizeMs };
    });
    const run = { preset: 'wan-10-1' as const, seed, forMs: 19_000_000, checkEveryMs: 500, faults };
    const { coverage, faults: applied, state } = await runPreset(run);
    expect(coverage.of('violations')).toBe(0);
    expect(Object.values(applied.applied).reduce((sum, count) => sum + count, 0)).toBe(120);
    expect(coverage.of('unbounded: clock-discontinuity')).toBeGreaterThan(10);
    expect(coverage.of('bounded')).toBeGreaterThan(25_000);
    state.clock.stop();
  });
});

/** The same source with another exchange. */
function altered(alter: (exchange: Exchange) => Exchange): (source: TimeSource) => TimeSource {
  return (source) => ({
    name: source.name,
    timeScale: source.timeScale,
    get pace() {
      return source.pace;
    },
    measure: async (context) => {
      const outcome = await source.measure(context);
      return outcome.outcome === 'measured' ? { ...outcome, exchange: alter(outcome.exchange) } : outcome;
    },
  });
}

describe('the law fails for a broken client', () => {
  const violationsOf = async (
    run: Omit<Parameters<typeof runPreset>[0], 'seed' | 'forMs' | 'violations'>,
  ): Promise<number> => {
    const { coverage } = await runPreset({ ...run, seed: 5, forMs: 2_000_000, violations: 'count' });
    return coverage.of('violations');
  };

  it('that stamps the request when it is acknowledged', async () => {
    const wrap = altered((exchange) => ({ ...exchange, sentMs: exchange.receivedMs }));
    expect(await violationsOf({ preset: 'wan-10-1', wrap })).toBeGreaterThan(20);
  });

  it('that stamps the reply with the time of the request', async () => {
    const wrap = altered((exchange) => ({ ...exchange, receivedMs: exchange.sentMs }));
    expect(await violationsOf({ preset: 'wan-10-1', wrap })).toBeGreaterThan(20);
  });

  it('that lets no drift grow', async () => {
    expect(await violationsOf({ preset: 'lan', clock: { driftPpm: 0 } })).toBeGreaterThan(100);
  });

  it('that rounds the stamp of the reply inward to half a millisecond', async () => {
    const wrap = altered((exchange) => {
      const { wholeMs, fractionMs } = exchange.serverSent;
      const halves = Math.ceil(fractionMs * 2);
      return { ...exchange, serverSent: { wholeMs: wholeMs + Math.floor(halves / 2), fractionMs: (halves % 2) / 2 } };
    });
    expect(await violationsOf({ preset: 'lan', wrap, checkEveryMs: 300 })).toBeGreaterThan(10);
  });

  it('that believes a server to the microsecond which admits to being wrong', async () => {
    const wrap = altered((exchange) => ({ ...exchange, sourceErrorMs: 0 }));
    expect(await violationsOf({ preset: 'lan', servers: 1, liesMs: [5], wrap })).toBeGreaterThan(100);
  });
});

describe('a premise is broken on purpose', () => {
  const broken = { seed: 11, forMs: 4_000_000, violations: 'count' as const };

  it('P1: a drift of twice the bound is contradicted by the evidence, again and again', async () => {
    const { coverage, state } = await runPreset({ ...broken, preset: 'lan', clock: { driftPpm: 5 } });
    expect(state.faults).toBeGreaterThan(10);
    // Between the contradictions some answers are wrong; that they are not all wrong is all that can be said.
    expect(coverage.of('violations')).toBeGreaterThan(0);
    expect(coverage.of('violations')).toBeLessThan(coverage.of('bounded'));
  });

  it('P2: a majority that lies alike is believed: nobody can notice', async () => {
    const { coverage } = await runPreset({ ...broken, preset: 'lan', liesMs: [70, 70, 70] });
    expect(coverage.of('violations')).toBe(coverage.of('bounded'));
    expect(coverage.of('bounded')).toBeGreaterThan(700);
  });

  it('P2: a majority that lies differently is refused', async () => {
    const { coverage } = await runPreset({ ...broken, preset: 'lan', liesMs: [70, -300, 5000] });
    expect(coverage.of('violations')).toBe(0);
    expect(coverage.of('bounded')).toBe(0);
  });
});

describe('width', () => {
  const meanWidth = async (run: Omit<Parameters<typeof runPreset>[0], 'preset' | 'seed'>): Promise<number> => {
    const { coverage, state } = await runPreset({ preset: 'wan-10-1', seed: 21, forMs: 20_000_000, ...run });
    return state.widthSumMs / coverage.of('bounded');
  };

  it('four servers with one tolerated liar bound the time more tightly than one server', async () => {
    const one = await meanWidth({ servers: 1 });
    const four = await meanWidth({ servers: 4 });
    expect(four).toBeLessThan(one);
  });

  it('a liar among the four never moves the truth out, and costs little width', async () => {
    const honest = await meanWidth({ servers: 4 });
    const withLiar = await meanWidth({ servers: 4, liesMs: [400] });
    expect(withLiar).toBeLessThan(1.1 * honest);
  });
});
