/**
 * What the control groups of this process count: time throttled by a quota, and time frozen.
 *
 * A quota may sit on the own group or on any group above it, so all that are visible are read. Two of them can throttle at the same time,
 * which would be counted twice, so between two looks the one that throttled longest counts alone. Inside a container the groups above its
 * own are out of sight. Since Linux 6.6 the own group counts what its own tasks were throttled, by whomever (`cpu.stat.local`); where that
 * is missing, what is seen is the least that was throttled: the time is entered, and the number of periods is not. A process can be moved to
 * another group while it runs; the counters of the old one would then stand still and hide every throttling. So the name of the own group is
 * compared at every look, and after a move the totals go on from those of the new groups.
 */
import { type CgroupLocation, locateCgroups } from './cgroup-location.ts';
import type { CountersDraft } from './procfs-counters.ts';
import { KeptFile, type KeptFileAccess, readTextOnce } from './procfs-file.ts';
import { keyBytes, valueAfter } from './procfs-numbers.ts';

const OWN_GROUPS = '/proc/self/cgroup';
const MOUNTS = '/proc/self/mountinfo';

const NR_THROTTLED = keyBytes('nr_throttled');
const THROTTLED_NS = keyBytes('throttled_time');
const THROTTLED_US = keyBytes('throttled_usec');
const USAGE_US = keyBytes('usage_usec');
const FROZEN_US = keyBytes('frozen_usec');

const V1_ROOT_ONLY = 'cgroup.sane_behavior';
const V2_ALL_BUT_ROOT = 'cgroup.type';
const V2_ALL = 'cgroup.controllers';

const NS_PER_MS = 1e6;
const US_PER_MS = 1000;

/** Throttling of one group. */
interface Throttling {
  readonly count: number;
  readonly timeMs: number;
}

const NONE: Throttling = { count: 0, timeMs: 0 };

/** The files of one set of groups. */
class GroupFiles {
  readonly #version: 1 | 2;
  readonly #quotas: readonly (KeptFile | undefined)[];
  readonly #freezer: KeptFile | undefined;
  /** What this process's own tasks were throttled by any group; looked for only where groups may be out of sight. */
  readonly #tasks: KeptFile | undefined;
  /** How many looks found that time grown: it has no count of periods. */
  #tasksTotal: Throttling = NONE;
  /** Nothing above the topmost visible group can throttle: there is nothing. */
  readonly #reachesRoot: boolean;

  constructor(access: KeptFileAccess, location: CgroupLocation) {
    const { cpu, unified } = location;
    this.#version = cpu?.version ?? 2;
    const directories = cpu?.directories ?? [];
    this.#quotas = directories.map((directory) => KeptFile.open(access, `${directory}/cpu.stat`, 1024));
    this.#reachesRoot = cpu !== undefined && isRoot(access, cpu);
    this.#tasks = this.#reachesRoot ? undefined : this.#openTasks(access, directories);
    this.#freezer = unified === undefined ? undefined : KeptFile.open(access, `${unified}/cgroup.stat.local`);
  }

  /** No quota that can hold this process is out of sight. */
  get seesAll(): boolean {
    return this.#reachesRoot || this.#tasks?.isOpen === true;
  }

  /** Of each group; `undefined` when some group cannot be read: a quota may be there. */
  throttling(): readonly Throttling[] | undefined {
    const levels: Throttling[] = [];
    for (const file of this.#quotas) {
      const own = file === undefined ? undefined : this.#throttlingIn(file);
      if (own === undefined) return undefined;
      levels.push(own);
    }
    const tasks = this.#tasksThrottling();
    if (tasks !== undefined) levels.push(tasks);
    const isCounted = this.seesAll ? levels.length > 0 : levels.some((own) => own !== NONE);
    return isCounted ? levels : undefined;
  }

  frozenMs(): number | undefined {
    const file = this.#freezer;
    if (file?.read() !== true) return undefined;
    const frozenUs = valueAfter(file, FROZEN_US);
    if (!Number.isNaN(frozenUs)) return frozenUs / US_PER_MS;
    file.letGo();
    return undefined;
  }

  close(): void {
    for (const file of this.#quotas) file?.close();
    this.#freezer?.close();
    this.#tasks?.close();
  }

  /** The nearest group that schedules: the tasks of one without the controller (version 2, an empty file) belong to it. */
  #openTasks(access: KeptFileAccess, directories: readonly string[]): KeptFile | undefined {
    for (const directory of directories) {
      const file = KeptFile.open(access, `${directory}/cpu.stat.local`);
      if (file?.read() !== true) return undefined;
      if (!Number.isNaN(this.#timeMsIn(file))) return file;
      file.close();
      if (this.#version === 1 || file.length > 0) return undefined;
    }
    return undefined;
  }

  #tasksThrottling(): Throttling | undefined {
    const file = this.#tasks;
    if (file?.read() !== true) return undefined;
    const timeMs = this.#timeMsIn(file);
    if (Number.isNaN(timeMs)) {
      file.letGo();
      return undefined;
    }
    const { count, timeMs: beforeMs } = this.#tasksTotal;
    this.#tasksTotal = { count: timeMs > beforeMs ? count + 1 : count, timeMs };
    return this.#tasksTotal;
  }

  #timeMsIn(file: KeptFile): number {
    return this.#version === 1
      ? valueAfter(file, THROTTLED_NS) / NS_PER_MS
      : valueAfter(file, THROTTLED_US) / US_PER_MS;
  }

  /** `NONE` itself where the group has no controller of processors (version 2): it cannot have a quota. */
  #throttlingIn(file: KeptFile): Throttling | undefined {
    if (!file.read()) return undefined;
    const count = valueAfter(file, NR_THROTTLED);
    const timeMs = this.#timeMsIn(file);
    if (!Number.isNaN(count) && !Number.isNaN(timeMs)) return { count, timeMs };
    if (this.#version === 2 && !Number.isNaN(valueAfter(file, USAGE_US))) return NONE;
    file.letGo();
    return undefined;
  }
}

/**
 * The topmost visible group is the root of all, not of a container. Version 1 has a file only there; version 2 lacks one only there, and
 * another that every group has tells "lacks" from "cannot be read".
 */
function isRoot(access: KeptFileAccess, { version, directories }: NonNullable<CgroupLocation['cpu']>): boolean {
  const has = (name: string): boolean => {
    const file = KeptFile.open(access, `${directories.at(-1) ?? ''}/${name}`);
    file?.close();
    return file !== undefined;
  };
  return version === 1 ? has(V1_ROOT_ONLY) : !has(V2_ALL_BUT_ROOT) && has(V2_ALL);
}

/** The largest of one count over groups, as it grew since the look before. */
function largestGrowth(
  levels: readonly Throttling[],
  before: readonly Throttling[],
  amount: (of: Throttling) => number,
): number {
  return levels.reduce((most, own, level) => Math.max(most, amount(own) - amount(before[level] ?? NONE)), 0);
}

/** Totals over all the groups that the process has been in. */
export class CgroupCounters {
  readonly #access: KeptFileAccess;
  readonly #ownGroups: KeptFile | undefined;
  #name: Uint8Array;
  #files: GroupFiles;
  #total: Throttling = NONE;
  /** What is added to the counter of the present group. */
  #earlierFrozenMs = 0;
  #last: readonly Throttling[] | undefined;
  #lastFrozenMs: number | undefined;

  constructor(access: KeptFileAccess) {
    this.#access = access;
    this.#ownGroups = KeptFile.open(access, OWN_GROUPS, 1024);
    this.#name = this.#readName();
    this.#files = this.#open();
    this.#last = this.#files.throttling();
    this.#lastFrozenMs = this.#files.frozenMs();
    if (this.#last !== undefined) this.#grow(this.#last, []);
  }

  /** All throttling: without a count there was none. */
  get countsThrottling(): boolean {
    return this.#last !== undefined && this.#files.seesAll;
  }

  get countsFreezing(): boolean {
    return this.#lastFrozenMs !== undefined;
  }

  /** Enters both totals; neither right after a move, when the time before it is in no counter that can still be read. */
  enter(counters: CountersDraft): void {
    const name = this.#readName();
    if (!isSame(name, this.#name)) {
      this.#move(name);
      return;
    }
    const levels = this.#files.throttling();
    const frozenMs = this.#files.frozenMs();
    if (levels !== undefined) {
      if (this.#last !== undefined) this.#grow(levels, this.#last);
      counters.throttledMs = this.#total.timeMs;
      if (this.#files.seesAll) counters.throttledCount = this.#total.count;
    }
    this.#last = levels;
    this.#lastFrozenMs = frozenMs;
    if (frozenMs !== undefined) counters.frozenMs = frozenMs + this.#earlierFrozenMs;
  }

  close(): void {
    this.#ownGroups?.close();
    this.#files.close();
  }

  #grow(levels: readonly Throttling[], before: readonly Throttling[]): void {
    const count = largestGrowth(levels, before, (own) => own.count);
    const timeMs = largestGrowth(levels, before, (own) => own.timeMs);
    // Time is brought up to date late: where the count is not told, only the time of looks that saw a period throttled is.
    const isOfPeriods = this.#files.seesAll || count > 0;
    this.#total = { count: this.#total.count + count, timeMs: this.#total.timeMs + (isOfPeriods ? timeMs : 0) };
  }

  #move(name: Uint8Array): void {
    const beforeFrozenMs = this.#lastFrozenMs ?? 0;
    this.#files.close();
    this.#name = name;
    this.#files = this.#open();
    this.#last = this.#files.throttling();
    this.#lastFrozenMs = this.#files.frozenMs();
    this.#earlierFrozenMs += beforeFrozenMs - (this.#lastFrozenMs ?? 0);
  }

  #readName(): Uint8Array {
    const file = this.#ownGroups;
    return file?.read() === true ? file.bytes.subarray(0, file.length) : new Uint8Array(0);
  }

  #open(): GroupFiles {
    this.#name = this.#name.slice();
    const cgroup = new TextDecoder().decode(this.#name);
    const mounts = readTextOnce(this.#access, MOUNTS) ?? '';
    return new GroupFiles(this.#access, locateCgroups(cgroup, mounts));
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
