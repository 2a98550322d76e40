import { describe, it } from 'vitest';
import { systemClock } from './system-clock.ts';
import { WarmUp } from './udp-warm-up.ts';

const clock = systemClock.port;

describe('the warm-up', () => {
  it('ends by itself, and when it is closed in the middle', async () => {
    const whole = new WarmUp(clock);
    await whole.run();
    whole.close();
    const cut = new WarmUp(clock);
    const running = cut.run();
    cut.close();
    await running;
  });
});
