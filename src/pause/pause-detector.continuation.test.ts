import { describe, expect, test } from 'vitest';
import { CONTINUATION_DELAY_MS } from './pause-detector.ts';
import { Machine, onlyPause } from './pause-detector.fixture.ts';

describe('SIGCONT comes late', () => {
  test('a stop waits for it, and is given the moment it comes', () => {
    const machine = new Machine();
    expect(machine.stop(500)).toEqual([]);
    expect(machine.detector.settlesAtMs).toBe(machine.nowMs + CONTINUATION_DELAY_MS);
    expect(machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS - 1)).toEqual([]);
    expect(onlyPause(machine.detector.noteContinued(machine.nowMs + CONTINUATION_DELAY_MS - 0.5))).toMatchObject({
      cause: 'stopped',
      certainty: 'counter',
    });
    expect(machine.detector.settlesAtMs).toBeUndefined();
  });

  test('it ends the wait whenever it is heard of, and explains that pause alone', () => {
    const machine = new Machine();
    machine.stop(500);
    expect(onlyPause(machine.detector.noteContinued(machine.nowMs + 2 * CONTINUATION_DELAY_MS)).cause).toBe('stopped');
    machine.stop(500);
    expect(onlyPause(machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS)).cause).toBe('external-stop');
  });

  test('one that came before the wake-up was noticed does not wait', () => {
    const machine = new Machine();
    machine.nowMs += 300;
    expect(machine.detector.noteContinued(machine.nowMs)).toEqual([]);
    machine.nowMs -= 300;
    expect(onlyPause(machine.stop(500)).cause).toBe('stopped');
  });

  test('without it the stop was from outside', () => {
    const machine = new Machine();
    machine.stop(500);
    expect(onlyPause(machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS)).cause).toBe('external-stop');
    expect(machine.detector.noteContinued(machine.nowMs + CONTINUATION_DELAY_MS + 1)).toEqual([]);
  });

  test('the next tick gives what still waits, first: what could not be heard of meanwhile is not known', () => {
    const machine = new Machine();
    machine.stop(500);
    expect(onlyPause(machine.pass(50)).cause).toBe('external-stop');
    machine.stop(500);
    expect(machine.pass(20)).toMatchObject([{ seq: 2, cause: 'unknown' }]);
    machine.stop(500);
    expect(machine.pass(600, { runMs: 595, processCpuMs: 600, eluActiveMs: 600 })).toMatchObject([
      { seq: 3, cause: 'unknown' },
      { seq: 4, cause: 'cpu' },
    ]);
    machine.stop(500);
    expect(machine.detector.settle(machine.nowMs + 500)).toMatchObject([{ seq: 5, cause: 'unknown' }]);
  });

  test('what does not hang on it does not wait; nor does anything when nobody watches', () => {
    const machine = new Machine();
    expect(onlyPause(machine.pass(600, { runMs: 595, processCpuMs: 600, eluActiveMs: 600 })).cause).toBe('cpu');
    const deaf = new Machine({ watchesContinuation: false });
    const pause = onlyPause(deaf.stop(500));
    expect(pause.cause).toBe('unknown');
    expect(pause.evidence.continued).toBeUndefined();
  });

  test('an old SIGCONT explains no later pause', () => {
    const machine = new Machine();
    machine.detector.noteContinued(machine.nowMs - 1);
    machine.pass(50);
    machine.stop(500);
    expect(onlyPause(machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS)).cause).toBe('external-stop');
  });
});
