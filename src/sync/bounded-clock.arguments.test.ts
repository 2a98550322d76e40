import { afterEach, describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import { createClock } from '../core/index.ts';
import { BoundedClockCore } from './bounded-clock.ts';

const clocks: BoundedClockCore[] = [];

function anyClock(): BoundedClockCore {
  const world = new World();
  const clock = new BoundedClockCore(world.clock, { sources: world.sources('a', 'b', 'c') });
  clocks.push(clock);
  return clock;
}

afterEach(() => {
  for (const clock of clocks.splice(0)) clock.stop();
});

/** Wrong arguments are seen at once and not by a rejection, whether anybody awaits or not. */
function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

describe('wrong arguments', () => {
  it.each<[string, (clock: BoundedClockCore, options: never) => unknown]>([
    ['BoundedClock.ready', (clock, options) => clock.ready(options)],
    ['BoundedClock.waitUntilPassed', (clock, options) => clock.waitUntilPassed(2e12, options)],
  ])('of waits: %s', (operation, wait) => {
    const told = (options: unknown): string => messageOf(() => wait(anyClock(), options as never));
    expect(told({ timeoutMS: 5 })).toBe(
      `${operation}: unknown option timeoutMS. Did you mean timeoutMs? [TC_INVALID_ARGUMENT]`,
    );
    expect(told(5000)).toContain(`${operation}: requires an object of options, got 5000. `);
    expect(told(AbortSignal.abort())).toContain('Pass { signal }.');
    expect(told({ signal: new AbortController() })).toContain(`${operation} signal: `);
    expect(told({ timeoutMs: '5' })).toContain(
      `${operation} timeoutMs: requires a duration in milliseconds, got string`,
    );
  });

  it('of widths, levels and events', () => {
    const clock = anyClock();
    const wrong = clock as unknown as Record<'ready' | 'offset' | 'on', (...given: readonly unknown[]) => unknown>;
    expect(messageOf(() => wrong.ready({ maxWidthMs: -1 }))).toMatch(
      /^BoundedClock\.ready maxWidthMs: .*TC_OUT_OF_RANGE/u,
    );
    expect(messageOf(() => wrong.offset({ level: 95 }))).toMatch(/^BoundedClock\.offset level: .*TC_OUT_OF_RANGE/u);
    expect(messageOf(() => wrong.offset({ confidence: 0.9 }))).toContain(
      'unknown option confidence. The options are level.',
    );
    expect(messageOf(() => wrong.on('sleep', () => {}))).toContain(
      'The events are status, source, measurement, fault,',
    );
    expect(messageOf(() => wrong.on('status'))).toContain('requires a listener, got undefined');
  });

  it('of moments, by every method', () => {
    const clock = anyClock();
    const methods = ['hasPassed', 'isBefore', 'compare', 'waitUntilPassed'] as const;
    for (const method of methods) {
      const told = (moment: unknown): string => messageOf(() => clock[method](moment as number));
      expect(told({ earliest: 2e12, latest: 1.9e12 })).toMatch(/TC_INVERTED_INTERVAL/u);
      expect(told({ epochMilliseconds: NaN })).toMatch(/TC_NOT_FINITE/u);
      expect(told(new Date(2e12))).toContain(`BoundedClock.${method}: `);
      expect(told(1.79e15)).toMatch(/microseconds.*TC_OUT_OF_RANGE/u);
    }
  });

  it('of the constructor', () => {
    const world = new World();
    const make = (port: unknown): unknown => new BoundedClockCore(port as never, { sources: world.sources('a') });
    expect(messageOf(() => make(createClock(world.clock)))).toContain('got object. Pass clock.port.');
    expect(messageOf(() => make(undefined))).toContain('requires a clock port to run on, got undefined');
  });
});
