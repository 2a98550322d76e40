import { mock } from 'node:test';
import nodeTimers, { setTimeout as importedSetTimeout } from 'node:timers';
import nodePromises, { setTimeout as importedPromise } from 'node:timers/promises';
import { hrtime as importedHrtime } from 'node:process';
import { install as installSinon } from '@sinonjs/fake-timers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { install, type InstallOptions } from './install.ts';
import { type FakeName, FAKE_NAMES } from './replacements.ts';
import { withSimClock } from './runners.ts';
import { SimClock } from './sim-face.ts';

const FAKED = expect.objectContaining({ code: 'TC_FAKE_INSTALLED' }) as Error;

/** Everything that install could touch, and more. */
const OBJECTS: readonly object[] = [
  globalThis,
  Date,
  Date.prototype,
  performance,
  Object.getPrototypeOf(performance) as object,
  process,
  process.hrtime,
  nodeTimers,
  nodePromises,
  nodePromises.scheduler,
  Object.getPrototypeOf(nodePromises.scheduler) as object,
  AbortSignal,
  setTimeout,
  setImmediate,
  ...('Temporal' in globalThis ? [(Reflect.get(globalThis, 'Temporal') as { Now: object }).Now] : []),
];

type Descriptors = Record<PropertyKey, PropertyDescriptor>;

/** Node loads undici when something first looks at it, and that leaves a symbol of its own on the global object. */
const isOfNode = (key: string | symbol): boolean =>
  typeof key === 'symbol' && key.description?.startsWith('undici.') === true;

function snapshot(): readonly Descriptors[] {
  return OBJECTS.map((object): Descriptors => {
    const descriptors: Descriptors = Object.getOwnPropertyDescriptors(object);
    for (const key of Reflect.ownKeys(descriptors).filter(isOfNode)) Reflect.deleteProperty(descriptors, key);
    return descriptors;
  });
}

/** Where two snapshots differ, by the keys; the order of keys counts, and so does identity. */
function differences(before: readonly Descriptors[], after: readonly Descriptors[]): string[] {
  return before.flatMap((descriptors, index) => {
    const now = after[index] ?? {};
    const keys = Reflect.ownKeys(descriptors);
    if (keys.map(String).join() !== Reflect.ownKeys(now).map(String).join()) return [`keys of object ${index}`];
    return keys
      .filter((key) => {
        const [a, b] = [descriptors[key], now[key]] as (Record<string, unknown> | undefined)[];
        return ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'].some(
          (part) => !Object.is(a?.[part], b?.[part]),
        );
      })
      .map(String);
  });
}

describe('install and uninstall', () => {
  it('leave no trace: every property descriptor is as before', () => {
    const before = snapshot();
    const installed = install(new SimClock());
    const changed = differences(before, snapshot());
    expect(changed).toContain('Date');
    expect(changed.length).toBeGreaterThan(10);
    installed.uninstall();
    expect(differences(before, snapshot())).toEqual([]);
  });

  it('leave no trace when the test throws: using, and withSimClock', async () => {
    const before = snapshot();
    expect(() => {
      using installed = install(new SimClock());
      installed.clock.advance(1);
      throw new Error('the test fails');
    }).toThrow('the test fails');
    expect(differences(before, snapshot())).toEqual([]);
    await expect(
      withSimClock({}, () => {
        throw new Error('this one too');
      }),
    ).rejects.toThrow('this one too');
    expect(differences(before, snapshot())).toEqual([]);
  });

  it('leave no trace when one property cannot be replaced', () => {
    const before = snapshot();
    const define = vi.spyOn(Object, 'defineProperty');
    define.mockImplementation((target, key, descriptor) => {
      if (key === 'uptime') throw new TypeError('frozen');
      Reflect.defineProperty(target as object, key, descriptor);
      return target;
    });
    expect(() => install(new SimClock())).toThrow('frozen');
    define.mockRestore();
    expect(differences(before, snapshot())).toEqual([]);
  });

  it.each(FAKE_NAMES)('fake %s alone when asked to, or leave it real alone', (name) => {
    const before = snapshot();
    const changedBy = (options: InstallOptions): string[] => {
      using installed = install(new SimClock(), options);
      return installed.clock === undefined ? [] : differences(before, snapshot());
    };
    const alone = changedBy({ toFake: [name] });
    const others = changedBy({ leaveReal: [name] });
    const all = changedBy({});
    expect(alone.length).toBeLessThan(all.length);
    if (name !== 'Temporal' || 'Temporal' in globalThis) expect(alone.length).toBeGreaterThan(0);
    expect(others.length).toBeLessThanOrEqual(all.length);
    expect(changedBy({ toFake: [name], leaveReal: [name] })).toEqual([]);
    expect(differences(before, snapshot())).toEqual([]);
  });

  it('refuse a name that stands for nothing', () => {
    expect(() => install(new SimClock(), { toFake: ['nextTick' as FakeName] })).toThrow(
      expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }) as Error,
    );
  });

  it('named imports of built-in modules follow', () => {
    const real = [importedSetTimeout, importedPromise, importedHrtime];
    const installed = install(new SimClock());
    expect(importedSetTimeout).toBe(setTimeout);
    expect(importedPromise).toBe(nodePromises.setTimeout);
    expect(importedHrtime.bigint()).toBe(0n);
    installed.uninstall();
    expect([importedSetTimeout, importedPromise, importedHrtime]).toEqual(real);
  });

  it('what is still set when it is uninstalled never fires', () => {
    const clock = new SimClock();
    const fired = vi.fn();
    const installed = install(clock);
    setTimeout(fired, 10);
    setInterval(fired, 10);
    setImmediate(fired);
    installed.uninstall();
    installed.uninstall();
    clock.advance(100);
    expect(fired).not.toHaveBeenCalled();
    expect(clock.node.timerCount).toBe(0);
  });

  it('promises run in advanceAsync although setImmediate is a fake', async () => {
    using installed = install(new SimClock());
    const order: string[] = [];
    void (async () => {
      await nodePromises.setTimeout(1000);
      order.push('awake');
    })();
    await installed.clock.advanceAsync(1000);
    expect(order).toEqual(['awake']);
  });
});

describe('two fakes at once', () => {
  afterEach(() => {
    vi.useRealTimers();
    mock.timers.reset();
  });

  it('ours twice', () => {
    using installed = install(new SimClock());
    expect(() => install(new SimClock())).toThrow(FAKED);
    expect(() => install(installed.clock, { toFake: ['uptime'] })).toThrow(/another SimClock/);
  });

  it('over sinon', () => {
    const sinon = installSinon({});
    expect(() => install(new SimClock())).toThrow(FAKED);
    for (const toFake of [
      ['Date'],
      ['performance'],
      ['hrtime'],
      ['setTimeout'],
      ['setInterval'],
      ['setImmediate'],
    ] as const) {
      expect(() => install(new SimClock(), { toFake })).toThrow(FAKED);
    }
    sinon.uninstall();
    install(new SimClock()).uninstall();
  });

  it('over vitest', () => {
    vi.useFakeTimers();
    expect(() => install(new SimClock())).toThrow(/fake timers \(sinon, vitest or jest\)/);
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ['setInterval'] });
    expect(() => install(new SimClock())).toThrow(FAKED);
    install(new SimClock(), { toFake: ['Date'] }).uninstall(); // theirs and ours do not meet
  });

  it('over node:test', () => {
    mock.timers.enable({ apis: ['Date'] });
    expect(() => install(new SimClock(), { toFake: ['Date'] })).toThrow(/node:test/);
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout'] });
    expect(() => install(new SimClock())).toThrow(FAKED);
  });

  it('over a spy', () => {
    const spy = vi.spyOn(Date, 'now');
    expect(() => install(new SimClock())).toThrow(/something that has replaced Date/);
    spy.mockRestore();
    const other = vi.spyOn(performance, 'now');
    expect(() => install(new SimClock())).toThrow(/a spy or mock function/);
    other.mockRestore();
  });

  it('sinon and vitest refuse to install over ours', () => {
    using installed = install(new SimClock());
    expect(() => installSinon({})).toThrow(/fake timers twice/);
    expect(() => vi.useFakeTimers()).toThrow(/fake timers twice/);
    expect(installed.clock.node.timerCount).toBe(0);
  });

  it('uninstalled in the wrong order: an error that changes nothing, and the right order afterwards works', () => {
    const before = snapshot();
    const installed = install(new SimClock());
    const over = vi.spyOn(globalThis, 'setTimeout');
    const during = snapshot();
    expect(() => {
      installed.uninstall();
    }).toThrow(/setTimeout was replaced after this clock/);
    expect(differences(during, snapshot())).toEqual([]);
    over.mockRestore();
    installed.uninstall();
    expect(differences(before, snapshot())).toEqual([]);
  });
});
