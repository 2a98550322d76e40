/**
 * What the control groups of this process count: time throttled by a quota, and time frozen.
 *
 * A quota may sit on the own group or on any group above it, so all that are visible are read. Two of them can throttle at the same time,
 * which would be counted twice, so between two looks the one that throttled longest counts alone. A process can be moved to another group
 * while it runs; the counters of the old one would then stand still and hide every throttling. So the name of the own group is compared at
 * every look, and after a move the totals go on from those of the new groups.
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
  /** Nothing above the topmost visible group can throttle: there is nothing. */
  readonly #reachesRoot: boolean;

  constructor(access: KeptFileAccess, location: CgroupLocation) {
    const { cpu, unified } = location;
    this.#version = cpu?.version ?? 2;
    const directories = cpu?.directories ?? [];
    this.#quotas = directories.map((directory) => KeptFile.open(access, `${directory}/cpu.stat`, 1024));
    this.#reachesRoot = this.#version === 1 || isRoot(access, directories.at(-1));
    this.#freezer = unified === undefined ? undefined : KeptFile.open(access, `${unified}/cgroup.stat.local`);
  }

  /** Of each group; `undefined` when some group cannot be read: a quota may be there. */
  throttling(): readonly Throttling[] | undefined {
    const levels: Throttling[] = [];
    for (const file of this.#quotas) {
      const own = file === undefined ? undefined : this.#throttlingIn(file);
      if (own === undefined) return undefined;
      levels.push(own);
    }
    const isCounted = this.#reachesRoot ? levels.length > 0 : levels.some((own) => own !== NONE);
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
  }

  /** `NONE` itself where the group has no controller of processors (version 2): it cannot have a quota. */
  #throttlingIn(file: KeptFile): Throttling | undefined {
    if (!file.read()) return undefined;
    const count = valueAfter(file, NR_THROTTLED);
    const timeMs =
      this.#version === 1 ? valueAfter(file, THROTTLED_NS) / NS_PER_MS : valueAfter(file, THROTTLED_US) / US_PER_MS;
    if (!Number.isNaN(count) && !Number.isNaN(timeMs)) return { count, timeMs };
    if (this.#version === 2 && !Number.isNaN(valueAfter(file, USAGE_US))) return NONE;
    file.letGo();
    return undefined;
  }
}

/** Only the root of all groups of version 2 has no type. */
function isRoot(access: KeptFileAccess, directory: string | undefined): boolean {
  if (directory === undefined) return false;
  const file = KeptFile.open(access, `${directory}/cgroup.type`);
  file?.close();
  return file === undefined;
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

  get countsThrottling(): boolean {
    return this.#last !== undefined;
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
      counters.throttledCount = this.#total.count;
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
    this.#total = {
      count: this.#total.count + largestGrowth(levels, before, ({ count }) => count),
      timeMs: this.#total.timeMs + largestGrowth(levels, before, ({ timeMs }) => timeMs),
    };
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
