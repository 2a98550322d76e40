/** Simulated timers fire in the order of real ones: one program, in a real Node and on a simulated clock. */
import { spawnSync } from 'node:child_process';
import timersPromises from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { ORDER_PROGRAM, ORDER_PROGRAM_MS } from './node-order.fixture.ts';
import { withSimClock } from './runners.ts';

type Orders = Readonly<Record<string, readonly string[]>>;

function onRealNode(): Orders {
  const program = `import timersPromises from 'node:timers/promises';
    ${ORDER_PROGRAM}
    setTimeout(() => { console.log(JSON.stringify(orders)); }, ${ORDER_PROGRAM_MS});`;
  // Node 24 and later warn of the delays below zero that are part of the program.
  const flags = ['--no-warnings', '--input-type=module', '--eval', program];
  const child = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout) as Orders;
}

function onSimClock(): Promise<Orders> {
  return withSimClock({}, async (clock) => {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- the same text as above
    const orders = new Function('timersPromises', `${ORDER_PROGRAM}; return orders;`)(timersPromises) as Orders;
    await clock.advanceAsync(ORDER_PROGRAM_MS);
    return orders;
  });
}

/**
 * A real Node that is late by tens of ms, or begins a scene just when a millisecond ends, shows another order now and then: that of a
 * machine which is not punctual. An order that no Node has never comes.
 */
const TAKES_MAX = 10;

it('simulated timers fire in the order of real ones', async () => {
  const simulated = await onSimClock();
  expect(Object.keys(simulated)).toHaveLength(9);
  for (const order of Object.values(simulated)) expect(order.length).toBeGreaterThan(0);
  let real = onRealNode();
  for (let take = 1; take < TAKES_MAX && !isDeepStrictEqual(real, simulated); take += 1) real = onRealNode();
  expect(simulated).toEqual(real);
});
