import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { PauseSampler } from './pause-monitor-sampler.ts';
import { NO_SOURCES } from './pause-sources.ts';

const LIMITS = { intervalMs: 50, thresholdMs: 50, clockStepMs: 100 };

/** A sampler on a clock that is advanced by hand, and what it allowed its sources and asked of them. */
function sampled(filesRead: () => boolean): {
  wakeUp: (lateMs: number) => void;
  prompt: boolean[];
  systemLooks: () => number;
} {
  const clock = new ManualClock();
  const prompt: boolean[] = [];
  let systemLooks = 0;
  const sources = {
    ...NO_SOURCES,
    enterFast: (_: object, isPrompt: boolean) => {
      prompt.push(isPrompt);
      return filesRead();
    },
    enterSystem: () => {
      systemLooks += 1;
    },
  };
  const sampler = new PauseSampler({ port: clock, sources }, LIMITS);
  const wakeUp = (lateMs: number): void => {
    clock.pass(50 + lateMs);
    sampler.take();
  };
  // The looks right after the start read everything.
  for (let count = 0; count < 40; count += 1) wakeUp(0);
  prompt.length = 0;
  systemLooks = 0;
  return { wakeUp, prompt, systemLooks: () => systemLooks };
}

describe('PauseSampler', () => {
  it('lets sources leave out what cannot have grown of prompt wake-ups only, and never of a late one', () => {
    const { wakeUp, prompt } = sampled(() => true);
    for (const lateMs of [0.5, 1.9, -1, 2.5, 30, 100]) wakeUp(lateMs);
    expect(prompt).toEqual([true, true, true, false, false, false]);
  });

  it('reads everything once a second, however prompt', () => {
    const { wakeUp, prompt } = sampled(() => true);
    for (let count = 0; count < 100; count += 1) wakeUp(0);
    const all = prompt.filter((isPrompt) => !isPrompt).length;
    expect(all).toBeGreaterThanOrEqual(4);
    expect(all).toBeLessThanOrEqual(6);
  });

  it('looks at the whole system when files are read anyway, and not for its own sake', () => {
    let isRead = false;
    const { wakeUp, systemLooks } = sampled(() => isRead);
    for (let count = 0; count < 15; count += 1) wakeUp(0);
    expect(systemLooks()).toBe(0);
    isRead = true;
    for (let count = 0; count < 4; count += 1) wakeUp(0);
    expect(systemLooks()).toBeGreaterThanOrEqual(1);
  });
});
