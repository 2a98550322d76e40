/**
 * How promises get to run between two simulated events: one turn of the real event loop.
 *
 * The language alone cannot wait until every promise that is ready has run; a macrotask can, because the platform empties both of its
 * queues first. The function is taken when this module is loaded, so that it stays real while fakes are installed.
 */
import { setImmediate } from 'node:timers';

const realSetImmediate = setImmediate;

/** Resolves when every promise and every `process.nextTick` that is ready has run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    realSetImmediate(resolve);
  });
}

/** The same, and then runs something in that turn: what it leaves behind runs as after a timer of Node's. */
export function turn<Result>(run: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    realSetImmediate(() => {
      resolve(
        new Promise((done) => {
          done(run());
        }),
      );
    });
  });
}
