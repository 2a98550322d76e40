import { afterEach, expect, test } from 'vitest';
import { startWatchdog, type Watchdog } from './watchdog.ts';
import { settleWatchdogOptions } from './watchdog-options.ts';

const started: Watchdog[] = [];

afterEach(() => {
  for (const dog of started.splice(0)) dog.close();
});

test('every option has a default, and the limit follows the interval', () => {
  const defaults = { intervalMs: 50, blockMs: 100, stderr: false, stack: true, fence: undefined };
  expect(settleWatchdogOptions({})).toEqual(defaults);
  expect(settleWatchdogOptions({ intervalMs: 10 })).toEqual({ ...defaults, intervalMs: 10 });
  expect(settleWatchdogOptions({ intervalMs: 200 })).toEqual({ ...defaults, intervalMs: 200, blockMs: 400 });
});

test.each([
  [{ intervalMs: 4 }, 'TC_OUT_OF_RANGE'],
  [{ intervalMs: 1001 }, 'TC_OUT_OF_RANGE'],
  [{ intervalMs: NaN }, 'TC_NOT_FINITE'],
  [{ blockMs: 99 }, 'TC_OUT_OF_RANGE'],
  [{ blockMs: 60_001 }, 'TC_OUT_OF_RANGE'],
  [{ intervalMs: 10, blockMs: 19 }, 'TC_OUT_OF_RANGE'],
  [{ stderr: 1 }, 'TC_INVALID_ARGUMENT'],
  [{ stack: 'yes' }, 'TC_INVALID_ARGUMENT'],
  [{ fence: 'SIGSTOP' }, 'TC_INVALID_ARGUMENT'],
  [{ fense: 'SIGKILL' }, 'TC_INVALID_ARGUMENT'],
])('refuses %j', (options, code) => {
  expect(() => startWatchdog(options as never)).toThrow(expect.objectContaining({ code }));
});

test('before it looks it knows nothing, and says so', () => {
  const dog = startWatchdog({ fence: 'SIGTERM' });
  started.push(dog);
  expect([dog.state, dog.ready, dog.helperGapMs(), dog.canTakeStacks, dog.lastCaptureMs]).toEqual([
    'starting',
    false,
    undefined,
    false,
    undefined,
  ]);
  expect([dog.takeStacks(), dog.flag.length, dog.intervalMs]).toEqual([[], 1, 50]);
});

test('a deadline is in force only where somebody would enforce it', () => {
  const [fencing, watching] = [startWatchdog({ fence: 'SIGTERM' }), startWatchdog()];
  started.push(fencing, watching);
  const farMs = performance.now() + 1e9;
  expect(fencing.setDeadline(farMs), 'nobody has beaten').toBe(false);
  fencing.beat();
  expect([fencing.setDeadline(farMs), fencing.setDeadline(undefined)]).toEqual([true, true]);
  expect([watching.setDeadline(farMs), watching.setDeadline(undefined)]).toEqual([false, false]);
  fencing.close();
  expect(fencing.setDeadline(farMs)).toBe(false);
  expect(() => fencing.setDeadline(Infinity)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
  expect(() => fencing.setDeadline(Date.now())).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
});

test('at rest it may sleep for two intervals, and never while it fences', () => {
  const [fencing, watching] = [startWatchdog({ fence: 'SIGTERM' }), startWatchdog()];
  started.push(fencing, watching);
  for (const dog of [fencing, watching]) {
    expect(dog.sleepMs).toBe(50);
    dog.beat(true);
    dog.beat(true);
  }
  expect([fencing.sleepMs, watching.sleepMs]).toEqual([50, 100]);
  const moment: never = performance.now() as never;
  watching.beat(moment);
  expect(watching.sleepMs).toBe(100);
});

test('it says by what it fences, and when it is sure of a block at the latest', () => {
  const dogs = [
    startWatchdog({ fence: 'SIGTERM' }),
    startWatchdog({ intervalMs: 5, blockMs: 30 }),
    startWatchdog({ blockMs: 500, intervalMs: 200 }),
  ];
  started.push(...dogs);
  expect(dogs.map(({ fence, noticeMs }) => [fence, noticeMs])).toEqual([
    ['SIGTERM', 150],
    [undefined, 41],
    [undefined, 700],
  ]);
});

test('the ninth at a time is unavailable and says why; a place that is given back can be taken', () => {
  for (let count = 0; count < 8; count += 1) started.push(startWatchdog({ stack: false }));
  const ninth = startWatchdog();
  expect([ninth.state, ninth.ready, ninth.setDeadline(undefined)]).toEqual(['unavailable', false, false]);
  expect(ninth.reason).toMatch(/^8 watchdogs run in this thread already: share one monitor/);
  ninth.close();
  started[0]?.close();
  started[0]?.close();
  started.push(startWatchdog({ stack: false }), startWatchdog({ stack: false }));
  expect(started.slice(-2).map(({ state }) => state)).toEqual(['starting', 'unavailable']);
});
