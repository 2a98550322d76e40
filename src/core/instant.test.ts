import { Serializer, serialize } from 'node:v8';
import { BroadcastChannel, MessageChannel, type MessagePort } from 'node:worker_threads';
import { format, inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockTypeError } from './errors.ts';
import { MonotonicInstant, WallInstant } from './instant.ts';

const CLOCK = Symbol('test clock');
const OTHER = Symbol('other clock');
const EPOCH_MS = 1_790_000_000_123.75;

const mono = MonotonicInstant.fromReading(CLOCK, 1000.25);
const later = MonotonicInstant.fromReading(CLOCK, 1250.25);
const foreign = MonotonicInstant.fromReading(OTHER, 1000.25);
const wall = WallInstant.fromEpochMilliseconds(EPOCH_MS);

/*
 * The tables do what JavaScript callers do and what the compiler and the linter refuse elsewhere; the mistakes are the point.
 */
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return */
/* eslint-disable @typescript-eslint/restrict-plus-operands, eqeqeq, no-param-reassign, no-useless-assignment */

/** An instant as JavaScript callers see it. */
type Untyped = any;

const ARITHMETIC: readonly [string, (a: Untyped, b: Untyped) => unknown][] = [
  ['a - b', (a, b) => a - b],
  ['a + b', (a, b) => a + b],
  ['a + 5', (a) => a + 5],
  ["a + ''", (a) => a + ''],
  ['a < b', (a, b) => a < b],
  ['a >= b', (a, b) => a >= b],
  ['a < 5', (a) => a < 5],
  ['a == 5', (a) => a == 5],
  ['+a', (a) => +a],
  ['-a', (a) => -a],
  ['~a', (a) => ~a],
  ['a++', (a) => a++],
  ['a * 1', (a) => a * 1],
  ['Number(a)', (a) => Number(a)],
  ['BigInt(a)', (a) => BigInt(a)],
  ['Math.max(a, b)', (a, b) => Math.max(a, b)],
  ['new Date(a)', (a) => new Date(a)],
  ['isNaN(a)', (a) => isNaN(a)],
  ["format('%d', a)", (a) => format('%d', a)],
  ['Float64Array.of(a)', (a) => Float64Array.of(a)],
];

const TEXT: readonly [string, (a: Untyped) => unknown][] = [
  ['template', (a) => `${a}`],
  ['String(a)', (a) => String(a)],
  ['[a].join()', (a) => [a].join()],
  ['object key', (a) => ({ [a]: 1 })],
  ['default sort', (a) => [a, a].sort()],
];

/** Ways out of the process or into a copy; `JSON` apart, since a wall instant has a text of its own. */
const CLONES: readonly [string, (a: Untyped) => unknown][] = [
  ['structuredClone', (a) => structuredClone(a)],
  ['structuredClone, nested', (a) => structuredClone({ deep: [{ a }] })],
  ['structuredClone, spread', (a) => structuredClone({ ...a })],
  ['structuredClone, in a Map', (a) => structuredClone(new Map([['a', a]]))],
  ['structuredClone, Object.assign', (a) => structuredClone(Object.assign({}, a))],
  ['v8.serialize', (a) => serialize(a)],
  ['v8.serialize, nested', (a) => serialize([{ a }])],
  ['v8.Serializer (IPC, advanced)', (a) => new Serializer().writeValue(a)],
  ['MessagePort', (a) => withPort((port) => port.postMessage(a))],
  ['MessagePort, nested', (a) => withPort((port) => port.postMessage({ a }))],
  ['BroadcastChannel', (a) => withChannel((channel) => channel.postMessage(a))],
];

const JSON_FORMS: readonly [string, (a: Untyped) => unknown][] = [
  ['JSON.stringify', (a) => JSON.stringify(a)],
  ['JSON.stringify, nested', (a) => JSON.stringify({ deep: [a] })],
  ['JSON line (IPC, json)', (a) => `${JSON.stringify({ cmd: 'x', a })}\n`],
];

function withPort(use: (port: MessagePort) => void): void {
  const { port1, port2 } = new MessageChannel();
  try {
    use(port1);
  } finally {
    port1.close();
    port2.close();
  }
}

function withChannel(use: (channel: BroadcastChannel) => void): void {
  const channel = new BroadcastChannel('truechimer test');
  try {
    use(channel);
  } finally {
    channel.close();
  }
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a monotonic instant is not a number (G8)', () => {
  it.each([...ARITHMETIC, ...TEXT])('%s throws a TypeError with a code and the remedy', (_name, use) => {
    const error = thrownBy(() => use(mono, later));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toBeInstanceOf(ClockTypeError);
    expect(error).toMatchObject({ code: 'TC_INSTANT_ARITHMETIC' });
    expect((error as Error).message).toContain('later.since(earlier)');
    expect((error as Error).message).toContain('a.compare(b)');
  });

  it.each(JSON_FORMS)('%s throws and says what to send instead', (_name, use) => {
    const error = thrownBy(() => use(mono));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'TC_INSTANT_SERIALIZED' });
    expect((error as Error).message).toContain('BoundedClock.now()');
  });

  it.each(CLONES)('%s throws instead of giving an empty object', (_name, use) => {
    expect(() => use(mono)).toThrow();
  });

  it('an own symbol is what stops the cloning: without it the law fails', () => {
    class Leaky {
      readonly readingMs = 5;
    }
    expect(() => structuredClone(new Leaky())).not.toThrow();
    expect(() => serialize(new Leaky())).not.toThrow();
  });

  it('a spread in JSON is the one way around that no class can close: the clock is lost, the number remains', () => {
    expect(JSON.stringify({ ...mono })).toBe('{"readingMs":1000.25}');
  });
});

describe('a wall instant is not a number either', () => {
  it.each(ARITHMETIC)('%s throws a TypeError with a code and the remedy', (_name, use) => {
    const error = thrownBy(() => use(wall, wall));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'TC_INSTANT_ARITHMETIC' });
    expect((error as Error).message).toContain('stopwatch()');
  });

  it.each(CLONES)('%s throws', (_name, use) => {
    expect(() => use(wall)).toThrow();
  });

  it('is ISO 8601 where it is text', () => {
    const iso = '2026-09-21T14:13:20.123Z';
    expect(`${wall as Untyped}`).toBe(iso);
    expect(String(wall)).toBe(iso);
    expect(wall.toString()).toBe(iso);
    expect(JSON.stringify({ at: wall })).toBe(`{"at":"${iso}"}`);
  });
});

describe('deep equality', () => {
  it('tells different instants apart', () => {
    expect(isDeepStrictEqual(mono, later)).toBe(false);
    expect(isDeepStrictEqual(mono, foreign)).toBe(false);
    expect(mono).not.toEqual(later);
    expect(mono).not.toEqual(foreign);
    const laterWall = wall.plus(1);
    expect(isDeepStrictEqual(wall, laterWall)).toBe(false);
    expect(wall).not.toEqual(laterWall);
    expect(isDeepStrictEqual(wall, mono)).toBe(false);
  });

  it('finds equal readings of one clock equal', () => {
    const same = MonotonicInstant.fromReading(CLOCK, 1000.25);
    expect(isDeepStrictEqual(mono, same)).toBe(true);
    expect(mono).toEqual(same);
    expect(mono).toStrictEqual(same);
    expect(wall).toEqual(WallInstant.fromEpochMilliseconds(EPOCH_MS));
  });

  it('private state is what this guards against: with it the law fails', () => {
    class Hidden {
      readonly #readingMs: number;
      constructor(readingMs: number) {
        this.#readingMs = readingMs;
      }
      read(): number {
        return this.#readingMs;
      }
    }
    expect(isDeepStrictEqual(new Hidden(1), new Hidden(2))).toBe(true);
  });
});

describe('two clocks do not mix (G8)', () => {
  const NOT_INSTANTS: readonly Untyped[] = [
    foreign,
    wall,
    5,
    null,
    undefined,
    'x',
    {},
    { readingMs: 5 },
    { clock: CLOCK },
  ];

  it.each(['since', 'compare', 'isBefore', 'isAfter'] as const)('%s refuses everything but its own clock', (method) => {
    for (const stranger of NOT_INSTANTS) {
      const error = thrownBy(() => mono[method](stranger as MonotonicInstant));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'TC_CLOCK_MISMATCH' });
      expect((error as Error).message).toContain('read both instants from the same clock');
    }
  });

  it('names both clocks', () => {
    expect(() => mono.since(foreign)).toThrow(
      'MonotonicInstant.since: requires an instant of test clock, got one of other clock. ',
    );
    expect(() => mono.since(wall as never)).toThrow('got one of truechimer.clock.wall. ');
    expect(() => mono.since(5 as never)).toThrow('got something else. ');
    expect(() => MonotonicInstant.fromReading(Symbol(), 1).since(mono)).toThrow(
      'an instant of this clock, got one of test',
    );
  });

  it('a wall instant is compared with wall instants only', () => {
    for (const stranger of [mono, 5, null, undefined, 'x', {}, new Date(0)] as Untyped[]) {
      expect(() => wall.compare(stranger as WallInstant)).toThrow(
        expect.objectContaining({ code: 'TC_CLOCK_MISMATCH' }),
      );
    }
  });

  it('two clocks with the same description are still two', () => {
    const twin = MonotonicInstant.fromReading(Symbol('test clock'), 1);
    expect(() => mono.since(twin)).toThrow(expect.objectContaining({ code: 'TC_CLOCK_MISMATCH' }));
  });
});

describe('arithmetic by name', () => {
  const reading = fc.double({ noNaN: true, min: 0, max: 1e10 });
  const duration = fc.double({ noNaN: true, min: 0, max: 1e11 });
  const at = (ms: number): MonotonicInstant => MonotonicInstant.fromReading(CLOCK, ms);

  it('since is antisymmetric and agrees with the order', () => {
    fc.assert(
      fc.property(reading, reading, (a, b) => {
        const sinceMs = at(a).since(at(b));
        const order = at(a).compare(at(b));
        const opposite = at(b).since(at(a)) === -sinceMs && at(b).compare(at(a)) + order === 0;
        const named = at(a).isBefore(at(b)) === order < 0 && at(a).isAfter(at(b)) === order > 0;
        return opposite && named && Math.sign(sinceMs) === order;
      }),
    );
  });

  it('plus never gives an earlier instant and minus never a later one', () => {
    fc.assert(
      fc.property(reading, duration, (a, ms) => !at(a).plus(ms).isBefore(at(a)) && !at(a).minus(ms).isAfter(at(a))),
    );
    expect(later.since(mono)).toBe(250);
    expect(mono.since(later)).toBe(-250);
    expect(mono.plus(250)).toEqual(later);
    expect(later.minus(250)).toEqual(mono);
    expect(mono.compare(mono.plus(0))).toBe(0);
  });

  it.each(['plus', 'minus'] as const)('%s refuses what is no duration', (method) => {
    for (const instant of [mono, wall]) {
      expect(() => instant[method](-1)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
      expect(() => instant[method](NaN)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
      expect(() => instant[method](1.79e12)).toThrow(expect.objectContaining({ code: 'TC_EPOCH_AS_DURATION' }));
      expect(() => instant[method](later as never)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    }
  });

  it('sorts by compare', () => {
    expect([later, mono].sort((a, b) => a.compare(b))).toEqual([mono, later]);
  });

  it('a wall instant moves along UTC and is ordered by what the wall said', () => {
    expect(wall.plus(1000).epochMilliseconds).toBe(EPOCH_MS + 1000);
    expect(wall.minus(1000).epochMilliseconds).toBe(EPOCH_MS - 1000);
    const [first, last] = [-8.64e15, 8.64e15].map((ms) => WallInstant.fromEpochMilliseconds(ms));
    expect(first!.plus(1).toString()).toBe('-271821-04-20T00:00:00.001Z');
    expect(() => last!.plus(1)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    expect(() => first!.minus(1)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    expect(wall.compare(wall.plus(1))).toBe(-1);
    expect(wall.plus(1).compare(wall)).toBe(1);
    expect(wall.compare(wall.plus(0))).toBe(0);
    expect('since' in wall).toBe(false);
  });

  it('a wall instant is named by an epoch, not by a duration or by seconds', () => {
    expect(() => WallInstant.fromEpochMilliseconds(1_790_000_000)).toThrow(
      expect.objectContaining({ code: 'TC_DURATION_AS_EPOCH' }),
    );
    expect(() => WallInstant.fromEpochMilliseconds(NaN)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
  });
});

describe('what a person sees', () => {
  it('console.log shows the reading and the clock', () => {
    expect(inspect(mono)).toBe('MonotonicInstant(1000.25 ms on test clock)');
    expect(inspect({ at: mono })).toBe('{ at: MonotonicInstant(1000.25 ms on test clock) }');
    expect(inspect(MonotonicInstant.fromReading(Symbol(), 1))).toBe('MonotonicInstant(1 ms on a clock)');
    expect(inspect(wall)).toBe('WallInstant(2026-09-21T14:13:20.123Z)');
    expect(format('%o', mono)).toContain('1000.25 ms');
  });
});
