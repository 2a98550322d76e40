/** G22: no cause without its witness, whatever was read, and whatever could not be. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { classifyPause } from './classify-pause.ts';
import { PAUSE_SIGNALS, type PauseEvidence, type PauseSignal } from './evidence.ts';
import { PAUSE_CAUSES, type PauseCause } from './pause-cause.ts';

type Named = Exclude<PauseCause, 'unknown'>;

const amount = (value: number | undefined): number => Math.max(0, value ?? 0);
const isRead = (...values: readonly unknown[]): boolean => values.every((value) => value !== undefined);

/** What must have been read, and what it must have shown, for each cause to be named: less than the rules ask for, and written apart from them. */
const WITNESSES: Readonly<Record<Named, (evidence: PauseEvidence) => boolean>> = {
  cpu: ({ gapMs, runMs, threadCpuMs }) => Math.max(amount(runMs), amount(threadCpuMs)) >= 0.5 * gapMs,
  gc: ({ gapMs, gcMs }) => amount(gcMs) >= 0.5 * gapMs,
  blocked: ({ gapMs, helperGapMs }) => isRead(helperGapMs) && amount(helperGapMs) <= 0.5 * gapMs,
  starved: ({ gapMs, waitMs }) => amount(waitMs) >= 0.5 * gapMs,
  throttled: ({ throttledMs, throttledCount }) => amount(throttledMs) > 0 && amount(throttledCount ?? 1) > 0,
  stolen: ({ stealMs }) => amount(stealMs) > 0,
  stopped: ({ continued }) => continued === true,
  frozen: ({ gapMs, frozenMs }) => amount(frozenMs) >= 0.5 * gapMs,
  'external-stop': ({ continued, runMs, threadCpuMs, waitMs }) =>
    continued === false && isRead(waitMs) && (isRead(runMs) || isRead(threadCpuMs)),
  suspend: ({ bootJumpMs, suspendCount, wallJumpMs }) =>
    isRead(bootJumpMs) ? amount(bootJumpMs) >= 50 : amount(suspendCount) > 0 && amount(wallJumpMs) >= 50,
  'vm-pause': ({ vmDisrupted, vmGenerationChanged, systemSwitchCount }) =>
    vmDisrupted === true || vmGenerationChanged === true || isRead(systemSwitchCount),
};

/** A second and a half in which nothing of the process ran, and everything could be read. */
const HELD: PauseEvidence = {
  gapMs: 1500,
  intervalMs: 50,
  runMs: 2,
  waitMs: 1,
  threadCpuMs: 2,
  processCpuMs: 3,
  eluActiveMs: 2,
  eluIdleMs: 1548,
  gcMs: 0,
  gcCount: 0,
  helperGapMs: 1490,
  helperIntervalMs: 50,
  continued: false,
  traced: false,
  throttledMs: 0,
  throttledCount: 0,
  frozenMs: 0,
  stealMs: 0,
  processorCount: 2,
  systemSwitchCount: 900,
  psiCpuMs: 4,
  psiMemoryMs: 0,
  psiIoMs: 0,
  majorFaultCount: 0,
  bootJumpMs: 0,
  wallJumpMs: 0,
  suspendCount: 0,
  vmDisrupted: false,
  vmGenerationChanged: false,
};
const IN_CALL: PauseEvidence = { ...HELD, eluActiveMs: 1510, eluIdleMs: 40, helperGapMs: 3 };
const COMPUTING: PauseEvidence = { ...IN_CALL, runMs: 1490, waitMs: 20, threadCpuMs: 1490, processCpuMs: 1500 };
const WAITING: PauseEvidence = { ...HELD, runMs: 20, waitMs: 1480, threadCpuMs: 20, processCpuMs: 22 };

/** One for each cause, on its best evidence. */
const SCENES: readonly PauseEvidence[] = [
  COMPUTING,
  { ...COMPUTING, gcMs: 1400, gcCount: 1 },
  IN_CALL,
  WAITING,
  { ...WAITING, throttledMs: 1400, throttledCount: 9 },
  { ...HELD, stealMs: 2900 },
  { ...HELD, continued: true },
  { ...HELD, frozenMs: 1490 },
  HELD,
  { ...HELD, bootJumpMs: 4000, wallJumpMs: 4000 },
  { ...HELD, vmDisrupted: true },
  { ...HELD, systemSwitchCount: 12 },
];

test('G22: a cause is named only when what shows it was read and showed it', () => {
  const named = new Set<PauseCause>();
  const change = fc.record({
    scene: fc.constantFrom(...SCENES),
    /** A signal or two as in another scene: doubts, and two things at once. */
    other: fc.constantFrom(...SCENES),
    borrowed: fc.subarray([...PAUSE_SIGNALS], { maxLength: 3 }),
    missing: fc.oneof(
      fc.constant([]),
      fc.subarray([...PAUSE_SIGNALS], { maxLength: 4 }),
      fc.subarray([...PAUSE_SIGNALS]),
    ),
    scale: fc.double({ min: 0.05, max: 1.2, noNaN: true }),
    scaled: fc.subarray([...PAUSE_SIGNALS], { maxLength: 3 }),
  });
  fc.assert(
    fc.property(change, ({ scene, other, borrowed, missing, scale, scaled }) => {
      const evidence: Record<string, unknown> = { ...scene };
      for (const name of borrowed) evidence[name] = other[name];
      for (const name of scaled) {
        const value = evidence[name];
        if (typeof value === 'number') evidence[name] = value * scale;
      }
      for (const name of missing) evidence[name] = undefined;
      const given = evidence as unknown as PauseEvidence;
      const { cause, candidates, share } = classifyPause(given);
      named.add(cause);
      if (cause === 'unknown') expect(share).toBe(0);
      else expect(WITNESSES[cause](given), `${cause} of ${JSON.stringify(given)}`).toBe(true);
      if (cause !== 'unknown') expect(candidates).toContain(cause);
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  expect([...named].sort()).toEqual([...PAUSE_CAUSES].sort());
});

test('G22: boot time that ran ahead by less than 50 ms is a step of a coarse clock, and no suspend', () => {
  const punctual = { ...HELD, gapMs: 0, helperGapMs: 0, eluIdleMs: 50 };
  expect(classifyPause({ ...punctual, bootJumpMs: 49.9 }).cause).toBe('unknown');
  expect(classifyPause({ ...punctual, bootJumpMs: 50 }).cause).toBe('suspend');
});

test('G22: without its witness each cause is another name with a witness, or unknown', () => {
  const of: Readonly<Record<Named, readonly PauseSignal[]>> = {
    cpu: ['runMs', 'threadCpuMs'],
    gc: ['gcMs'],
    blocked: ['helperGapMs'],
    starved: ['waitMs'],
    throttled: ['throttledMs'],
    stolen: ['stealMs'],
    stopped: ['continued'],
    frozen: ['frozenMs'],
    'external-stop': ['continued'],
    suspend: ['bootJumpMs', 'suspendCount'],
    'vm-pause': ['vmDisrupted', 'systemSwitchCount'],
  };
  for (const scene of SCENES) {
    const { cause } = classifyPause(scene);
    if (cause === 'unknown') throw new Error('each scene is of a cause');
    const blind = { ...scene, ...Object.fromEntries(of[cause].map((name) => [name, undefined])) };
    expect(classifyPause(blind).cause, cause).not.toBe(cause);
  }
});
