/* Never run: the compiler is the test. Each `@ts-expect-error` is a mistake that must not compile. */
/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-class-instance-assignment -- mistakes are the point */
import { describe, expectTypeOf, it } from 'vitest';
import type { Clock } from './clock.ts';
import type { Deadline } from './deadline.ts';
import type { MonotonicInstant, WallInstant } from './instant.ts';

declare const clock: Clock;
declare const mono: MonotonicInstant<'monotonic'>;
declare const later: MonotonicInstant<'monotonic'>;
declare const boot: MonotonicInstant<'boot'>;
declare const wall: WallInstant;

describe('arithmetic on instants does not compile', () => {
  it('monotonic', () => {
    // @ts-expect-error a difference is later.since(earlier)
    later - mono;
    // @ts-expect-error a later instant is mono.plus(5)
    mono + 5;
    // @ts-expect-error an instant is not a number
    mono < 5;
    // @ts-expect-error an instant is not a number
    mono === 5;
    // @ts-expect-error an instant is not a number
    void Math.max(mono);
    // @ts-expect-error a monotonic reading names no moment of the calendar
    new Date(mono);
    // @ts-expect-error a delay is a duration
    setTimeout(() => undefined, mono);
    // @ts-expect-error an instant is not a number
    const reading: number = mono;
    // @ts-expect-error an instant is not a key
    (({}) as Record<number, string>)[mono];
    reading;
  });

  it('wall', () => {
    // @ts-expect-error the difference of two wall readings is not a duration
    wall - wall;
    // @ts-expect-error a later moment is wall.plus(5)
    wall + 5;
    // @ts-expect-error an instant is not a number
    wall < 5;
    // @ts-expect-error use wall.epochMilliseconds
    void Math.max(wall);
    // @ts-expect-error use wall.epochMilliseconds
    new Date(wall);
    // @ts-expect-error there is no since: the wall clock may jump
    void wall.since(wall);
    expectTypeOf<WallInstant>().not.toHaveProperty('since');
    expectTypeOf<WallInstant>().not.toHaveProperty('isBefore');
  });
});

describe('clocks do not mix', () => {
  it('wall and monotonic', () => {
    // @ts-expect-error two clocks have no difference
    wall - mono;
    // @ts-expect-error two clocks have no order
    wall < mono;
    // @ts-expect-error two clocks have no order
    wall === mono;
    // @ts-expect-error a wall reading is not of this clock
    void mono.since(wall);
    // @ts-expect-error a monotonic reading is not of this clock
    void wall.compare(mono);
    expectTypeOf<WallInstant>().not.toExtend<MonotonicInstant>();
    expectTypeOf<MonotonicInstant>().not.toExtend<WallInstant>();
  });

  it('monotonic and boot', () => {
    // @ts-expect-error 'boot' where 'monotonic' is wanted
    void mono.since(boot);
    // @ts-expect-error 'boot' where 'monotonic' is wanted
    void mono.compare(boot);
    // @ts-expect-error 'boot' where 'monotonic' is wanted
    const wrong: MonotonicInstant<'monotonic'> = boot;
    wrong;
    expectTypeOf(clock.monotonic.now()).toEqualTypeOf<MonotonicInstant<'monotonic'>>();
    expectTypeOf(clock.boot.now()).toEqualTypeOf<MonotonicInstant<'boot'>>();
    expectTypeOf(clock.wall.now()).toEqualTypeOf<WallInstant>();
  });

  it('numbers and look-alikes', () => {
    // @ts-expect-error a number is not an instant
    void mono.since(5);
    // @ts-expect-error a number is not an instant
    void wall.compare(1_790_000_000_000);
    // @ts-expect-error a Date is not a wall instant
    void wall.compare(new Date());
    // @ts-expect-error instants come from clocks
    const forged: WallInstant = { epochMilliseconds: 1, clock: Symbol() };
    forged;
  });
});

describe('what does compile', () => {
  it('has the types of the docs', () => {
    expectTypeOf(later.since(mono)).toEqualTypeOf<number>();
    expectTypeOf(mono.plus(5)).toEqualTypeOf<MonotonicInstant<'monotonic'>>();
    expectTypeOf(mono.compare(later)).toEqualTypeOf<-1 | 0 | 1>();
    expectTypeOf(wall.epochMilliseconds).toEqualTypeOf<number>();
    expectTypeOf(clock.monotonic.deadline(5)).toEqualTypeOf<Deadline<'monotonic'>>();
    expectTypeOf(clock.monotonic.deadline(5).instant).toEqualTypeOf<MonotonicInstant<'monotonic'>>();
    expectTypeOf(clock.boot.stopwatch().elapsedMs()).toEqualTypeOf<number>();
  });

  it('is refused only when it runs: docs/errors.md says so', () => {
    later < mono;
    // eslint-disable-next-line @typescript-eslint/restrict-template-expressions, @typescript-eslint/no-base-to-string -- lint sees it, the compiler does not
    `${mono}`;
    +mono;
    void Number(mono);
    void JSON.stringify(mono);
    wall < wall;
  });

  it('conversion to a primitive is never for monotonic instants, and text only for wall instants', () => {
    expectTypeOf<MonotonicInstant['toJSON']>().returns.toBeNever();
    expectTypeOf<WallInstant['toJSON']>().returns.toBeString();
  });
});
