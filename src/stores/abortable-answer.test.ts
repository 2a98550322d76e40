import { describe, expect, it } from 'vitest';
import { abortable } from './abortable-answer.ts';

describe('an answer that somebody may stop waiting for', () => {
  it('settles as the answer does, and listens no more', async () => {
    const controller = new AbortController();
    let listening = 0;
    const signal = Object.create(controller.signal, {
      aborted: { value: false },
      addEventListener: { value: () => (listening += 1) },
      removeEventListener: { value: () => (listening -= 1) },
    }) as AbortSignal;
    expect(await abortable(signal, Promise.resolve(1))).toBe(1);
    await expect(abortable(signal, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(listening).toBe(0);
  });

  it('rejects with the reason at the abort, and a later failure is nobody’s', async () => {
    const controller = new AbortController();
    let fail: (error: Error) => void = () => {};
    const answer = abortable(
      controller.signal,
      new Promise((_, reject) => {
        fail = reject;
      }),
    );
    controller.abort(new Error('given up'));
    await expect(answer).rejects.toThrow('given up');
    fail(new Error('too late to matter'));
    await expect(abortable(controller.signal, Promise.resolve(1))).rejects.toThrow('given up');
  });
});
