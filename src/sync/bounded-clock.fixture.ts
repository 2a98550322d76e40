/** What the tests of the bounded clock share: a clock that is started and stopped, and what it must not get wrong. */
import { afterEach, expect } from 'vitest';
import { type ScriptedSource, World } from '../../test/support/scripted-source.ts';
import type { Bounded, BoundedTime } from '../core/index.ts';
import { BoundedClockCore } from './bounded-clock.ts';
import type { BoundedClockOptions } from './clock-options.ts';
import type { BoundedClockEvents } from './clock-status.ts';
import type { TimeSource } from './time-source.ts';

/** The events that a clock told, in their order. */
export type Log = { [Name in keyof BoundedClockEvents]: [Name, BoundedClockEvents[Name]] }[keyof BoundedClockEvents][];

export const EVENTS: readonly (keyof BoundedClockEvents)[] = [
  'status',
  'source',
  'measurement',
  'fault',
  'wallStep',
  'suspend',
  'voided',
];

const running: BoundedClockCore[] = [];

afterEach(() => {
  for (const clock of running.splice(0)) clock.stop();
});

/** A clock that stops with the test, and what it tells. */
export function start(
  world: World,
  sources: readonly TimeSource[],
  options: Partial<BoundedClockOptions> = {},
): { clock: BoundedClockCore; log: Log } {
  const clock = new BoundedClockCore(world.clock, { sources, ...options });
  running.push(clock);
  const log: Log = [];
  for (const name of EVENTS) clock.on(name, (event) => log.push([name, event] as Log[number]));
  return { clock, log };
}

export function eventsOf<Name extends keyof BoundedClockEvents>(log: Log, name: Name): BoundedClockEvents[Name][] {
  return log.filter(([other]) => other === name).map(([, event]) => event as BoundedClockEvents[Name]);
}

/** Expects a bound that holds the truth. */
export function expectTruth(world: World, reading: Bounded): BoundedTime {
  if (reading.status === 'unbounded') throw new Error(`unbounded: ${reading.reason}: ${reading.detail}`);
  expect(reading.earliest).toBeLessThanOrEqual(world.trueMs);
  expect(reading.latest).toBeGreaterThanOrEqual(world.trueMs);
  return reading;
}

export function expectUnbounded(reading: Bounded, reason: string): void {
  expect(reading).toMatchObject({ status: 'unbounded', reason });
}

/** A world with honest sources and a clock that is synchronized with them. */
export async function synchronized(
  offsetMs = 0,
  options: Partial<BoundedClockOptions> = {},
  names: readonly string[] = ['a', 'b', 'c', 'd'],
): Promise<{ world: World; sources: ScriptedSource[]; clock: BoundedClockCore; log: Log }> {
  const world = new World(offsetMs);
  const sources = world.sources(...names);
  const { clock, log } = start(world, sources, options);
  await world.clock.run(500);
  expectTruth(world, clock.now());
  return { world, sources, clock, log };
}
