import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Emitter } from './emitter.ts';

interface Events {
  step: number;
  stopped: undefined;
}

describe('Emitter', () => {
  it('calls every listener of that name, in the order of subscription', () => {
    const emitter = new Emitter<Events>();
    const seen: string[] = [];
    emitter.on('step', (ms) => seen.push(`first ${ms}`));
    emitter.on('step', (ms) => seen.push(`second ${ms}`));
    emitter.on('stopped', () => seen.push('stopped'));
    emitter.emit('step', 5);
    expect(seen).toEqual(['first 5', 'second 5']);
    emitter.emit('stopped', undefined);
    expect(seen).toEqual(['first 5', 'second 5', 'stopped']);
  });

  it('does nothing when nobody listens', () => {
    const emitter = new Emitter<Events>();
    expect(() => emitter.emit('step', 1)).not.toThrow();
  });

  it('ends one subscription at a time, and ending it twice does nothing', () => {
    const emitter = new Emitter<Events>();
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const first = emitter.on('step', listener);
    emitter.on('step', listener);
    emitter.emit('step', 1);
    expect(calls).toBe(2);
    first();
    first();
    emitter.emit('step', 1);
    expect(calls).toBe(3);
  });

  it('does not call a listener after it was unsubscribed, not even within the same event', () => {
    const emitter = new Emitter<Events>();
    const seen: string[] = [];
    emitter.on('step', () => {
      second();
      seen.push('first');
    });
    const second = emitter.on('step', () => seen.push('second'));
    emitter.emit('step', 1);
    expect(seen).toEqual(['first']);
  });

  it('lets a listener end its own subscription without disturbing the next', () => {
    const emitter = new Emitter<Events>();
    const seen: string[] = [];
    const once = emitter.on('step', () => {
      once();
      seen.push('once');
    });
    emitter.on('step', () => seen.push('always'));
    emitter.emit('step', 1);
    emitter.emit('step', 2);
    expect(seen).toEqual(['once', 'always', 'always']);
  });

  it('leaves a listener that was added meanwhile for the next event', () => {
    const emitter = new Emitter<Events>();
    let late = 0;
    const off = emitter.on('step', () => {
      off();
      emitter.on('step', () => (late += 1));
    });
    emitter.emit('step', 1);
    expect(late).toBe(0);
    emitter.emit('step', 2);
    expect(late).toBe(1);
  });
});

describe('a listener that throws', () => {
  let before: NodeJS.UnhandledRejectionListener[];
  let unhandled: unknown[];

  beforeEach(() => {
    before = process.listeners('unhandledRejection');
    unhandled = [];
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (reason) => unhandled.push(reason));
  });

  afterEach(() => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of before) process.on('unhandledRejection', listener);
  });

  async function emitWith(thrown: unknown): Promise<string[]> {
    const emitter = new Emitter<Events>();
    const seen: string[] = [];
    emitter.on('step', () => {
      throw thrown;
    });
    emitter.on('step', () => seen.push('next'));
    expect(() => emitter.emit('step', 1)).not.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
    return seen;
  }

  it('stops neither the others nor the emitter, and its error reaches the platform', async () => {
    const bug = new Error('a bug of the listener');
    expect(await emitWith(bug)).toEqual(['next']);
    expect(unhandled).toEqual([bug]);
  });

  it.each([['a string'], [undefined], [Symbol('thrown')], [Object.create(null)]])(
    'surfaces as an Error even when it threw %o',
    async (thrown: unknown) => {
      expect(await emitWith(thrown)).toEqual(['next']);
      expect(unhandled).toHaveLength(1);
      expect(unhandled[0]).toBeInstanceOf(Error);
      expect((unhandled[0] as Error).cause).toBe(thrown);
    },
  );
});
