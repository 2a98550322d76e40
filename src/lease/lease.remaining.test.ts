import { expect, it } from 'vitest';
import { scene } from './lease.fixture.ts';

it('the rest of the window is what a check finds, 0 while the lease may not be used, and tells nobody', async () => {
  const { clock, runtime, held } = scene();
  const lease = await held({ renew: 'manual' });
  await clock.advanceAsync(1000);
  expect(lease.remainingMs).toBe(lease.check().remainingMs);
  expect(lease.remainingMs).toBeGreaterThan(20_000);
  const heard = runtime.heard.filter(({ event }) => event === 'rejected').length;
  lease.suspect('somebody saw something');
  expect(lease.remainingMs).toBe(0);
  expect(await lease.renew()).toBe('renewed');
  expect(lease.remainingMs).toBeGreaterThan(20_000);
  await clock.advanceAsync(60_000);
  expect([lease.remainingMs, lease.signal.aborted]).toEqual([0, true]);
  expect(runtime.heard.filter(({ event }) => event === 'rejected')).toHaveLength(heard);
});
