/** Timers beside a model that is too simple to be wrong: a list that is sorted before every event. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { install } from './install.ts';
import { SimClock } from './sim-face.ts';

interface ModelTimer {
  readonly name: number;
  readonly delayMs: number;
  readonly repeats: boolean;
  dueMs: number;
  order: number;
  isSet: boolean;
  isCleared: boolean;
}

class Model {
  readonly fired: string[] = [];
  readonly #timers: ModelTimer[] = [];
  #nowMs = 0;
  #order = 0;

  set(delayMs: number, repeats: boolean): void {
    const timer = { name: this.#timers.length, delayMs, repeats, dueMs: 0, order: 0, isSet: true, isCleared: false };
    this.#timers.push(timer);
    this.#arm(timer);
  }

  clear(name: number): void {
    const timer = this.#timers[name];
    if (timer !== undefined) Object.assign(timer, { isSet: false, isCleared: true });
  }

  refresh(name: number): void {
    const timer = this.#timers[name];
    if (timer?.isCleared === false) this.#arm(timer);
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.dueMs <= untilMs; next = this.#next()) {
      this.#nowMs = next.dueMs;
      this.fired.push(`${next.name} at ${this.#nowMs}`);
      if (next.repeats) this.#arm(next);
      else next.isSet = false;
    }
    this.#nowMs = untilMs;
  }

  get size(): number {
    return this.#timers.filter(({ isSet }) => isSet).length;
  }

  #arm(timer: ModelTimer): void {
    this.#order += 1;
    Object.assign(timer, { dueMs: this.#nowMs + timer.delayMs, order: this.#order, isSet: true });
  }

  #next(): ModelTimer | undefined {
    return this.#timers
      .filter(({ isSet }) => isSet)
      .sort((a, b) => (a.dueMs === b.dueMs ? a.order - b.order : a.dueMs - b.dueMs))[0];
  }
}

const anyName = fc.nat({ max: 60 });
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ step: fc.constant('set' as const), value: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('repeat' as const), value: fc.integer({ min: 5, max: 30 }) }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('clear' as const), value: anyName }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('refresh' as const), value: anyName }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('advance' as const), value: fc.nat({ max: 10 }) }) },
);

it('set, cleared, refreshed and repeated in any order, timers fire as those of the model', () => {
  let firedInAll = 0;
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 120, size: 'max' }), (steps) => {
      const model = new Model();
      const clock = new SimClock();
      using _installed = install(clock, { toFake: ['setTimeout', 'setInterval', 'performance'] });
      const timers: NodeJS.Timeout[] = [];
      const fired: string[] = [];
      const arm = (set: typeof setTimeout | typeof setInterval, delayMs: number): void => {
        const name = timers.length;
        timers.push(set(() => fired.push(`${name} at ${performance.now()}`), delayMs));
      };
      for (const { step, value } of [...steps, { step: 'advance' as const, value: 100 }]) {
        if (step === 'set' || step === 'repeat') {
          model.set(value, step === 'repeat');
          arm(step === 'repeat' ? setInterval : setTimeout, value);
        } else if (step === 'clear') {
          model.clear(value);
          clearTimeout(timers[value]);
        } else if (step === 'refresh') {
          model.refresh(value);
          timers[value]?.refresh();
        } else {
          model.advance(value);
          clock.advance(value);
        }
        expect(clock.node.timerCount).toBe(model.size);
      }
      expect(fired).toEqual(model.fired);
      firedInAll += fired.length;
    }),
    { numRuns: 300 },
  );
  expect(firedInAll).toBeGreaterThan(3000);
});

it('a million refreshes of one timer leave one timer', () => {
  const clock = new SimClock();
  using _installed = install(clock, { toFake: ['setTimeout'] });
  let fired = 0;
  const timer = setTimeout(() => (fired += 1), 1000);
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 1_000_000; count += 1) timer.refresh();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  expect(clock.node.timerCount).toBe(1);
  clock.runAll();
  expect(fired).toBe(1);
});
