/**
 * What reading the bounded clock costs, as a ratio to `performance.now()`, without which nothing can be known.
 *
 * Every subject is timed right after `performance.now()` itself, in many short rounds of one process, and the median of the ratios
 * counts: a busy machine slows both down, and a preempted round is an outlier. Results are stored where the compiler must assume that
 * someone looks, so nothing is folded away.
 */
import { setImmediate } from 'node:timers/promises';
import koffi from 'koffi';
import { DateTime } from 'luxon';
import { BoundedClock, ntp, NtpServer, systemClock } from 'truechimer';
import { nativeClocks } from 'truechimer/native';
import { type BenchOptions, type BenchResult, type BenchRow, rowOf } from './harness/bench.ts';
import { median } from './harness/statistics.ts';

export const name = 'now';
export const summary = 'the cost of now(), hasPassed() and boot time, as ratios to performance.now()';

const ROUNDS = 201;
const ROUNDS_QUICK = 41;

/** Short enough that most rounds fit between two interrupts. */
const READS = 20_000;

/** The compiler cannot know who reads this. */
const sink: { last: unknown; sum: number } = { last: undefined, sum: 0 };
Reflect.set(globalThis, Symbol.for('truechimer.bench.sink'), sink);

interface Subject {
  readonly name: string;
  readonly goal?: number;
  /** How many of `READS` are enough for something slow. */
  readonly share?: number;
  readonly read: (times: number) => void;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  await using server = await NtpServer.listen();
  const sources = [ntp(server.address, { pace: { burstCount: 1 } })];
  await using witness = await BoundedClock.start({ sources });
  await using timer = await BoundedClock.start({ sources, discontinuity: 'timer' });
  const clocks = [witness, timer];
  requireBounded(clocks);
  const subjects = subjectsOf(witness, timer);
  const ratios = subjects.map((): number[] => []);
  const baselinesNs: number[] = [];
  for (let round = 0; round < (options.quick ? ROUNDS_QUICK : ROUNDS); round += 1) {
    for (const [at, subject] of subjects.entries()) {
      const baselineNs = timeNs(readPerformance, READS);
      baselinesNs.push(baselineNs);
      ratios[at]?.push(timeNs(subject.read, READS * (subject.share ?? 1)) / baselineNs);
    }
    await setImmediate(); // the clocks' own timers have their turn, as in a service
    requireBounded(clocks);
  }
  const rows = subjects.map((subject, at) =>
    rowOf({
      name: subject.name,
      value: median(ratios[at] ?? []),
      unit: 'ratio',
      peer: 'performance.now()',
      ...(subject.goal === undefined ? {} : { goal: subject.goal }),
    }),
  );
  const baseline: BenchRow = rowOf({ name: 'performance.now()', value: median(baselinesNs), unit: 'ns' });
  return { rows: [baseline, ...rows] };
}

/** Node 24 reads `performance.now()` faster, and everything else as fast as before. */
function goalOfTimerMode(): number {
  return Number.parseInt(process.versions.node, 10) <= 22 ? 1.35 : 1.45;
}

/** Each loop is a function of its own, so that each is compiled for what it reads. */
function subjectsOf(witness: BoundedClock, timer: BoundedClock): readonly Subject[] {
  const laterMs = Date.now() + 86_400_000;
  return [
    {
      name: 'now()',
      goal: 2.4,
      read: (times) => {
        for (let at = 0; at < times; at += 1) sink.last = witness.now();
      },
    },
    {
      name: "now(), discontinuity 'timer'",
      goal: goalOfTimerMode(),
      read: (times) => {
        for (let at = 0; at < times; at += 1) sink.last = timer.now();
      },
    },
    {
      name: 'hasPassed()',
      read: (times) => {
        let passed = 0;
        for (let at = 0; at < times; at += 1) if (witness.hasPassed(laterMs)) passed += 1;
        sink.sum += passed;
      },
    },
    {
      name: "hasPassed(), discontinuity 'timer'",
      read: (times) => {
        let passed = 0;
        for (let at = 0; at < times; at += 1) if (timer.hasPassed(laterMs)) passed += 1;
        sink.sum += passed;
      },
    },
    {
      name: 'Date.now()',
      read: (times) => {
        let sum = 0;
        for (let at = 0; at < times; at += 1) sum += Date.now();
        sink.sum += sum;
      },
    },
    {
      name: 'luxon DateTime.now()',
      share: 0.2,
      read: (times) => {
        for (let at = 0; at < times; at += 1) sink.last = DateTime.now();
      },
    },
    {
      name: 'boot time of systemClock',
      share: 0.1,
      read: (times) => {
        let sum = 0;
        for (let at = 0; at < times; at += 1) sum += systemClock.port.bootMs();
        sink.sum += sum;
      },
    },
    ...nativeSubjects(),
  ];
}

/** Where there are no native clocks there is nothing to measure. */
function nativeSubjects(): readonly Subject[] {
  const native = nativeClocks({ koffi });
  if (native.status === 'unavailable') return [];
  const { port } = native.clock;
  return [
    {
      name: 'boot time of nativeClocks()',
      goal: 2.5,
      read: (times) => {
        let sum = 0;
        for (let at = 0; at < times; at += 1) sum += port.bootMs();
        sink.sum += sum;
      },
    },
  ];
}

function readPerformance(times: number): void {
  let sum = 0;
  for (let at = 0; at < times; at += 1) sum += performance.now();
  sink.sum += sum;
}

function timeNs(read: (times: number) => void, times: number): number {
  const startedMs = performance.now();
  read(times);
  return ((performance.now() - startedMs) * 1e6) / times;
}

/** An unbounded clock takes another path: what it costs is not what is claimed. */
function requireBounded(clocks: readonly BoundedClock[]): void {
  for (const clock of clocks) {
    const now = clock.now();
    if (now.status === 'unbounded') throw new Error(`the clock lost its bound while it was measured: ${now.detail}`);
  }
}
