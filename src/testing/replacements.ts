/**
 * What `install` can replace, by name, and with what.
 */
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import nodeTimers from 'node:timers';
import nodePromises from 'node:timers/promises';
import type { SimNode } from '../sim/index.ts';
import { fakeDate } from './fake-date.ts';
import { fakeAbortTimeout, fakePromises } from './fake-promises.ts';
import { fakeHrtime, fakeTemporalNow, type TemporalLike } from './fake-readings.ts';
import { type FakeTimers, fakeTimers, withPromises } from './fake-timers.ts';
import { marked } from './other-fakes.ts';
import type { Replacement } from './patches.ts';

/**
 * Everything that can be faked. A name covers what belongs to it: `setTimeout` also `clearTimeout`, `node:timers` and the `setTimeout` and
 * `scheduler.wait` of `node:timers/promises`; `performance` its `now` and `timeOrigin`; `hrtime` and `uptime` those of `process`.
 */
export const FAKE_NAMES = [
  'AbortSignal.timeout',
  'Date',
  'Temporal',
  'hrtime',
  'performance',
  'setImmediate',
  'setInterval',
  'setTimeout',
  'uptime',
] as const;

/** One thing that can be faked. */
export type FakeName = (typeof FAKE_NAMES)[number];

/** The replacements for one installation. */
export interface Replacements {
  readonly list: readonly Replacement[];
  /** What is still set with the replaced timers never fires. */
  readonly close: () => void;
}

/** Builds what the names stand for, on the clocks of a node. */
export function replacementsOf(names: ReadonlySet<FakeName>, node: SimNode): Replacements {
  const timers = fakeTimers(node, { setTimeout, setImmediate, clearTimeout, clearImmediate });
  const list = [...readings(names, node), ...timerFunctions(names, timers)];
  return { list: list.map((item) => ({ ...item, value: marked(item.value) })), close: timers.close };
}

/** Lets the named imports of built-in modules follow what their objects now hold. */
export function publishToImports(): void {
  syncBuiltinESMExports();
}

function readings(names: ReadonlySet<FakeName>, node: SimNode): Replacement[] {
  const list: Replacement[] = [];
  if (names.has('Date')) {
    const date = fakeDate(globalThis.Date, () => node.wallMs());
    list.push({ target: globalThis, key: 'Date', label: 'Date', value: date });
    list.push({
      target: globalThis.Date.prototype,
      key: 'constructor',
      label: 'Date.prototype.constructor',
      value: date,
    });
  }
  if (names.has('performance')) {
    const originMs = node.wallMs() - node.monotonicMs();
    list.push({ target: performance, key: 'now', label: 'performance.now', value: () => node.monotonicMs() });
    list.push({ target: performance, key: 'timeOrigin', label: 'performance.timeOrigin', value: originMs });
  }
  if (names.has('hrtime')) {
    const hrtime = fakeHrtime(process.hrtime, node);
    list.push({ target: process, key: 'hrtime', label: 'process.hrtime', value: hrtime });
  }
  if (names.has('uptime')) {
    list.push({ target: process, key: 'uptime', label: 'process.uptime', value: () => node.monotonicMs() / 1000 });
  }
  const temporal = Reflect.get(globalThis, 'Temporal') as TemporalLike | undefined;
  if (names.has('Temporal') && temporal !== undefined) {
    for (const [key, value] of Object.entries(fakeTemporalNow(temporal, node))) {
      list.push({ target: temporal.Now, key, label: `Temporal.Now.${key}`, value });
    }
  }
  return list;
}

/** The same function goes into the global object and into `node:timers`, as it is the same in Node. */
function timerFunctions(names: ReadonlySet<FakeName>, timers: FakeTimers): Replacement[] {
  const promises = fakePromises(timers, { ...nodePromises });
  const list: Replacement[] = [];
  const global = (key: keyof FakeTimers, value: unknown): void => {
    list.push({ target: globalThis, key, label: key, value });
    list.push({ target: nodeTimers, key, label: `node:timers ${key}`, value });
  };
  const promised = (key: string, value: unknown): void => {
    list.push({ target: nodePromises, key, label: `node:timers/promises ${key}`, value });
  };
  const scheduled = (key: string, value: unknown): void => {
    list.push({ target: nodePromises.scheduler, key, label: `node:timers/promises scheduler.${key}`, value });
  };
  if (names.has('setTimeout')) {
    global('setTimeout', withPromises(timers.setTimeout, promises.setTimeout));
    promised('setTimeout', promises.setTimeout);
    scheduled('wait', promises.wait);
  }
  if (names.has('setInterval')) {
    global('setInterval', timers.setInterval);
    promised('setInterval', promises.setInterval);
  }
  if (names.has('setTimeout') || names.has('setInterval')) {
    // Node clears either kind with either function; ours hand on what is not theirs.
    global('clearTimeout', timers.clearTimeout);
    global('clearInterval', timers.clearInterval);
  }
  if (names.has('setImmediate')) {
    global('setImmediate', withPromises(timers.setImmediate, promises.setImmediate));
    global('clearImmediate', timers.clearImmediate);
    promised('setImmediate', promises.setImmediate);
    scheduled('yield', promises.yield);
  }
  if (names.has('AbortSignal.timeout')) {
    const value = fakeAbortTimeout(timers, AbortSignal.timeout.bind(AbortSignal));
    list.push({ target: AbortSignal, key: 'timeout', label: 'AbortSignal.timeout', value });
  }
  return list;
}
