/**
 * Ours and the peers under the same injections: what each of them said.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { drawing } from '../../test/injections/drawing.ts';
import { INJECTIONS } from '../../test/injections/injections.ts';
import { scoreOf } from '../../test/injections/matrix.ts';
import { Subject } from '../../test/injections/subject.ts';
import { type InjectionRun, runInjection, type TrialPlan } from '../../test/injections/trials.ts';
import { type BenchOptions, type BenchRow, rowOf } from '../harness/bench.ts';
import { alignColumns } from '../harness/report.ts';
import { median } from '../harness/statistics.ts';
import { beside } from '../ntp/responder.ts';
import { requireEventLoopStats } from './watchers.ts';

const OURS = 'truechimer with watchdog';
const REPETITIONS = 20;
const REPETITIONS_QUICK = 2;
const SEED = 20_260_101;

const PEERS = ['monitorEventLoopDelay', 'toobusy-js', 'blocked-at', 'event-loop-stats', 'heartbeats'] as const;
/** Whoever looks twice a second has looked twice. */
const PEER_REST_MS = 1200;
/** toobusy-js averages: a step of the wall clock lags for seconds. */
const PEER_REST_AFTER_STEP_MS = 6000;
const PEER_REPETITIONS = 2;
const FOR_PEERS_QUICK: readonly string[] = ['spin', 'SIGSTOP, long', 'wall step'];
const FOR_PEERS: readonly string[] = [
  ...FOR_PEERS_QUICK,
  'idle',
  'collection',
  'Atomics.wait',
  'SIGSTOP in a spin',
  'debugger',
  'freezer v2',
  'quota',
  'starved',
];

const IDLE_MS = 240_000;
/** Told to rest for so long at a time. */
const IDLE_PIECE_MS = 20_000;
/** What happens to an idle process on a busy machine is true, and no false alarm. */
const NATURAL: readonly string[] = ['starved', 'stolen', 'throttled'];

async function planned<Result>(run: (plan: Omit<TrialPlan, 'repetitions'>) => Promise<Result>): Promise<Result> {
  const program = beside('pauses/subject.child.js');
  const folder = await mkdtemp(join(dirname(program), 'storage-'));
  try {
    return await run({ program, folder, args: [OURS], random: drawing(SEED) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Our monitor under every injection. */
export function injectOurs(options: BenchOptions): Promise<readonly InjectionRun[]> {
  return planned(async (plan) => {
    const runs: InjectionRun[] = [];
    for (const injection of INJECTIONS) {
      options.progress(`pauses: ${injection.name}`);
      runs.push(
        await runInjection(injection, { ...plan, repetitions: options.quick ? REPETITIONS_QUICK : REPETITIONS }),
      );
    }
    return runs;
  });
}

/** What came of it. Wrong names, pauses that were not noticed and those that were called too short have no excuse. */
export function injectionRows(runs: readonly InjectionRun[]): readonly BenchRow[] {
  const { trials, right, unknown, wrong, missed, tooShort, diluted } = scoreOf(runs);
  const latencies = runs
    .filter(({ injection }) => injection.expected === 'stopped')
    .flatMap((run) => run.trials.map(({ latencyMs }) => latencyMs))
    .filter((latencyMs) => !Number.isNaN(latencyMs));
  return [
    rowOf({ name: 'injections', value: trials, unit: 'trials' }),
    rowOf({ name: 'injections: not named right', value: (100 * (trials - right)) / trials, unit: '%', goal: 1 }),
    rowOf({ name: 'injections: left open', value: unknown, unit: 'trials' }),
    rowOf({ name: 'injections: wrong names', value: wrong.length, unit: 'trials', goal: 0 }),
    rowOf({ name: 'injections: not noticed', value: missed.length, unit: 'trials', goal: 0 }),
    rowOf({ name: 'injections: said to be shorter than they were', value: tooShort.length, unit: 'trials', goal: 0 }),
    rowOf({ name: 'injections: hidden by others on this machine', value: diluted.length, unit: 'trials' }),
    rowOf({ name: 'injections: told after SIGCONT (median)', value: median(latencies), unit: 'ms' }),
    rowOf({ name: 'injections: told after SIGCONT (worst)', value: Math.max(...latencies), unit: 'ms' }),
  ];
}

/** What each peer said of each injection. */
export interface Heard {
  readonly peer: string;
  readonly injection: string;
  /** One for each trial: the words that were said. */
  readonly words: readonly (readonly string[])[];
}

/** The peers under the injections that tell them apart. */
export function injectPeers(options: BenchOptions): Promise<readonly Heard[]> {
  return planned(async (plan) => {
    const heard: Heard[] = [];
    const injections = INJECTIONS.filter(({ name }) => (options.quick ? FOR_PEERS_QUICK : FOR_PEERS).includes(name));
    for (const peer of PEERS) {
      if (peer === 'event-loop-stats' && requireEventLoopStats() === undefined) {
        options.progress(
          'pauses: without event-loop-stats, which is compiled when it is installed: npm install --no-save event-loop-stats@1.4.1',
        );
        continue;
      }
      for (const injection of injections) {
        options.progress(`pauses: ${peer}: ${injection.name}`);
        const words: string[][] = [];
        await runInjection(injection, {
          ...plan,
          args: [peer],
          repetitions: options.quick ? 1 : PEER_REPETITIONS,
          restMs: injection.name === 'wall step' ? PEER_REST_AFTER_STEP_MS : PEER_REST_MS,
          random: injection.name === 'wall step' ? FORWARD : plan.random,
          afterwards: (_trial, subject) => {
            words.push(subject.pauses.map(({ cause }) => cause));
          },
        });
        heard.push({ peer, injection: injection.name, words });
      }
    }
    return heard;
  });
}

/** Draws the step of 5 s forward. */
const FORWARD = (): number => 0.7;

/** Who said what; `2/3 lag` is two of three trials, `×8` the most often in one trial. */
export function peerTable(runs: readonly InjectionRun[], heard: readonly Heard[]): string {
  const injections = [...new Set(heard.map(({ injection }) => injection))];
  const peers = [...new Set(heard.map(({ peer }) => peer))];
  const ours = (name: string): string => {
    const trials = runs.find(({ injection }) => injection.name === name)?.trials ?? [];
    return cellOf(
      trials.filter(({ isDiluted }) => !isDiluted).map(({ reported }) => (reported === 'none' ? [] : [reported])),
    );
  };
  return alignColumns([
    ['injected', 'truechimer', ...peers],
    ...injections.map((name) => [
      name,
      ours(name),
      ...peers.map((peer) => cellOf(heard.find((one) => one.peer === peer && one.injection === name)?.words ?? [])),
    ]),
  ]);
}

function cellOf(words: readonly (readonly string[])[]): string {
  if (words.length === 0) return 'not run';
  const all = [...new Set(words.flat())];
  if (all.length === 0) return '-';
  return all
    .map((word) => {
      const counts = words.map((trial) => trial.filter((said) => said === word).length);
      const most = Math.max(...counts);
      return `${counts.filter((count) => count > 0).length}/${words.length} ${word}${most > 1 ? ` ×${most}` : ''}`;
    })
    .join(', ');
}

/** False alarms of an idle process. */
export function idleAlarms(options: BenchOptions): Promise<readonly BenchRow[]> {
  if (options.quick) return Promise.resolve([]);
  return planned(async ({ program }) => {
    options.progress('pauses: four idle minutes');
    const subject = await Subject.start({ program, args: [OURS] });
    try {
      subject.forget();
      for (let restedMs = 0; restedMs < IDLE_MS; restedMs += IDLE_PIECE_MS) await subject.rest(IDLE_PIECE_MS);
      const { pauses } = subject;
      const natural = pauses.filter(({ cause }) => NATURAL.includes(cause)).length;
      return [
        rowOf({ name: 'four idle minutes: false pauses', value: pauses.length - natural, unit: 'pauses', goal: 0 }),
        rowOf({ name: 'four idle minutes: processors given to others', value: natural, unit: 'pauses' }),
      ];
    } finally {
      await subject.end();
    }
  });
}
