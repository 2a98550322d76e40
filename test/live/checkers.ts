/**
 * What must hold of two contenders' journals and the protected store's history, whatever happened to either of them.
 *
 * Every rule is one-sided: it compares moments of one clock, each taken on the side that makes it lenient, so no pause of the machine and
 * no slow neighbour can make a correct library look wrong.
 */
import type { HistoryEntry, LiveRecord } from './record.ts';
import type { LiveRun } from './scenario.ts';

type Acquired = Extract<LiveRecord, { kind: 'acquired' }>;
type Check = Extract<LiveRecord, { kind: 'check' }>;
type Write = Extract<LiveRecord, { kind: 'write' }>;

/** Linux shows boot time in steps of 10 ms. */
const BOOT_STEP_MS = 10;

/** What of a run the rules look at. */
export type Evidence = Pick<LiveRun, 'records' | 'history'>;

/** An event loop may see a timer this much later than its clock says: it counts in whole ms, and rounds up twice. */
const TIMER_SLACK_MS = 5;

const all = ({ records }: Evidence): readonly LiveRecord[] => [...records.A, ...records.B];

/** The acquisitions of both, in the order in which they were known. */
export function acquisitionsOf(run: Evidence): readonly Acquired[] {
  const acquired = all(run).filter((record): record is Acquired => record.kind === 'acquired');
  return acquired.sort((a, b) => a.atMs - b.atMs);
}

/**
 * Checks that answered ok though a later acquisition was known before the question was asked: somebody else had been granted the lock while
 * this one believed.
 */
export function overlapsOf(run: Evidence): readonly Check[] {
  const acquired = acquisitionsOf(run);
  const supersededMs = new Map<string, number>();
  acquired.forEach(({ acquisition }, index) => {
    supersededMs.set(acquisition, acquired[index + 1]?.atMs ?? Infinity);
  });
  return all(run).filter(
    (record): record is Check =>
      record.kind === 'check' && record.ok && record.startMs > (supersededMs.get(record.acquisition) ?? Infinity),
  );
}

/** Writes of an earlier acquisition that the store has after one of a later acquisition: in the store's own order. */
export function staleWritesOf(run: Evidence): readonly HistoryEntry[] {
  const rank = new Map(acquisitionsOf(run).map(({ acquisition }, index) => [acquisition, index]));
  let highest = -1;
  return run.history.filter(({ acquisition }) => {
    const own = rank.get(acquisition) ?? -1;
    highest = Math.max(highest, own);
    return own < highest;
  });
}

/** How many writes the fence refused. */
export function refusedWritesOf(run: Evidence): number {
  return writesOf(run).filter(({ outcome }) => outcome === 'stale').length;
}

function writesOf(run: Evidence): readonly Write[] {
  return all(run).filter((record): record is Write => record.kind === 'write');
}

/** What is wrong with a run of ours, in words; nothing when all holds. */
export function violationsOf(run: Evidence, promise: { readonly exclusive: boolean }): readonly string[] {
  return [
    ...(promise.exclusive ? overlapsOf(run).map((check) => `overlap: ${JSON.stringify(check)}`) : []),
    ...staleWritesOf(run).map((entry) => `stale write in the store: ${JSON.stringify(entry)}`),
    ...lateAdmissions(run),
    ...descendingTokens(run),
    ...repeatedTokens(run),
    ...deadOnArrival(run),
    ...checksBeyondWindow(run),
    ...lateNotices(run),
  ];
}

/** After a later acquisition was handed out, whose token the fence has seen before, nothing of an earlier one is admitted. */
function lateAdmissions(run: Evidence): readonly string[] {
  const acquired = acquisitionsOf(run);
  return writesOf(run)
    .filter((write) => {
      const index = acquired.findIndex(({ acquisition }) => acquisition === write.acquisition);
      const next = acquired[index + 1];
      return write.outcome === 'accepted' && next !== undefined && write.startMs > next.atMs;
    })
    .map((write) => `admitted after a successor was there: ${JSON.stringify(write)}`);
}

function descendingTokens({ history }: Evidence): readonly string[] {
  return history.flatMap(({ token = '0' }, index) => {
    const before = history[index - 1]?.token ?? '0';
    return BigInt(token) < BigInt(before) ? [`token ${token} after ${before} in the store`] : [];
  });
}

/** Acquisitions that were handed out one after the other have tokens that grow. */
function repeatedTokens(run: Evidence): readonly string[] {
  const acquired = acquisitionsOf(run);
  return acquired.flatMap(({ token, acquisition }, index) => {
    const before = acquired[index - 1];
    if (token === undefined || before?.token === undefined || BigInt(token) > BigInt(before.token)) return [];
    return [`${acquisition} has token ${token}, and ${before.acquisition} before it had ${before.token}`];
  });
}

/** No lock is handed out with nothing left. */
function deadOnArrival(run: Evidence): readonly string[] {
  return acquisitionsOf(run)
    .filter(({ remainingMs }) => remainingMs !== undefined && !(remainingMs > 0))
    .map((acquired) => `expired when handed out: ${JSON.stringify(acquired)}`);
}

/**
 * The latest moment at which the window that the library itself announced may end: what was left, counted from after it was said. Boot time
 * is read in steps: what was said may have been too little by one.
 */
function windowEnds(records: readonly LiveRecord[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const record of records) {
    if (record.kind !== 'acquired' && record.kind !== 'renewed') continue;
    const endMs = record.atMs + (record.remainingMs ?? Infinity) + BOOT_STEP_MS;
    ends.set(record.acquisition, Math.max(endMs, ends.get(record.acquisition) ?? -Infinity));
  }
  return ends;
}

/** No check that was asked after the end of the last window answers ok. */
function checksBeyondWindow(run: Evidence): readonly string[] {
  const ends = windowEnds(all(run));
  return all(run)
    .filter(
      (record): record is Check =>
        record.kind === 'check' && record.ok && record.startMs > (ends.get(record.acquisition) ?? Infinity),
    )
    .map((check) => `ok beyond the window, which ended at ${ends.get(check.acquisition)}: ${JSON.stringify(check)}`);
}

/** When a whole turn of the event loop lies behind the end of the window, the signal is aborted. */
function lateNotices(run: Evidence): readonly string[] {
  const ends = windowEnds(all(run));
  return all(run)
    .filter(
      (record) =>
        record.kind === 'turn' &&
        !record.aborted &&
        record.previousMs > (ends.get(record.acquisition) ?? Infinity) + TIMER_SLACK_MS,
    )
    .map((turn) => `not told one turn after the window: ${JSON.stringify(turn)}`);
}
