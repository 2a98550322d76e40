/**
 * `Date` on a simulated wall clock: only where the real one reads the time is anything different.
 *
 * The prototype is the real one, so `instanceof` holds either way, for dates from before, during and after.
 */

/** A `Date` whose present is `nowMs`. */
export function fakeDate(real: DateConstructor, nowMs: () => number): DateConstructor {
  const readMs = (): number => Math.floor(nowMs());

  function FakeDate(this: unknown, ...fields: unknown[]): unknown {
    const called = new.target as DateConstructor | undefined; // undefined for `Date()`, a subclass for `super()`
    if (called === undefined) return new real(readMs()).toString();
    const newTarget = Object.is(called, FakeDate) ? real : called;
    return Reflect.construct(real, fields.length === 0 ? [readMs()] : fields, newTarget);
  }

  // Length, name, UTC, parse and whatever else this platform's Date has.
  Object.defineProperties(FakeDate, Object.getOwnPropertyDescriptors(real));
  Object.defineProperty(FakeDate, 'now', { value: readMs, writable: true, enumerable: false, configurable: true });
  // What other fake clocks ask before they install themselves over one that is there.
  Object.defineProperty(FakeDate, 'isFake', { value: true });
  return FakeDate as unknown as DateConstructor;
}
