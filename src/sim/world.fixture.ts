/** What the tests of this folder share: a real turn of the event loop, worlds, and statistics. */
import { exact, type Rational } from '../../test/support/rational.ts';
import { SimWorldCore, type WorldOptions } from './sim-world.ts';

/** Lets every promise that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function newWorld(options: Partial<WorldOptions> = {}): SimWorldCore {
  return new SimWorldCore({ settle, ...options });
}

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Mean and variance of so many draws. */
export function momentsOf(draw: () => number, count: number): Moments {
  let sum = 0;
  let squares = 0;
  for (let index = 0; index < count; index += 1) {
    const value = draw();
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  return { mean, variance: squares / count - mean * mean };
}

/** a <= b, exactly, for sums of doubles. */
export function sumAtMost(a: readonly number[], b: readonly number[]): boolean {
  const [left, right] = [total(a), total(b)];
  return left.numerator * right.denominator <= right.numerator * left.denominator;
}

function total(values: readonly number[]): Rational {
  return values.map(exact).reduce((a, b) => ({
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  }));
}
