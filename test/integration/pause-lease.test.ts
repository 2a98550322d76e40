/**
 * Pauses and leases: a holder that was blocked or stopped for longer than its window refuses its next act at its first instruction, before
 * any timer; and what its clocks do not show makes its lease suspect through the monitor, until it is renewed.
 */
import { join } from 'node:path';
import { createClock } from 'truechimer';
import { acquire, type Lease } from 'truechimer/lease';
import { MemoryLeaseStore } from 'truechimer/stores/memory';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeFileSync } from 'node:fs';
import { Rig } from '../../src/node/pause-monitor.fixture.ts';
import { holdFor, stopping } from '../injections/holds.ts';
import { buildChild, type ChildProgram } from '../support/child-program.ts';
import { Subject } from '../injections/subject.ts';

const TTL_MS = 1000;
const PAUSE_MS = 1500;
/** A busy machine may let the lease run out before the pause begins: then the scene is played again. */
const TAKES_MAX = 10;

describe.skipIf(process.platform !== 'linux')('a holder that is paused beyond its window', () => {
  let program: ChildProgram;

  beforeAll(async () => {
    program = await buildChild(new URL('../injections/lease-holder.child.ts', import.meta.url));
  });

  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
  });

  async function play(
    pause: (holder: Subject, file: string) => Promise<void>,
  ): Promise<Readonly<Record<string, number>>> {
    for (let take = 1; ; take += 1) {
      const holder = await Subject.start({ program: program.path, args: [String(TTL_MS)] });
      try {
        await pause(holder, join(program.folder, `over-${holder.pid}`));
        let figures: Readonly<Record<string, number>>;
        do {
          await holder.rest(300);
          figures = await holder.figures();
        } while (figures['toldLater'] === 0);
        if (figures['heldBefore'] === 1 || take === TAKES_MAX) return figures;
      } finally {
        await holder.end();
      }
    }
  }

  it.each<[string, (holder: Subject, file: string) => Promise<void>]>([
    [
      'blocked in a call',
      async (holder) => {
        await holder.act('wait', PAUSE_MS);
      },
    ],
    [
      'stopped between two instructions',
      async (holder, file) => {
        const acted = holder.act('spin-until', 0, file);
        await holder.until('spins', () => holder.output.includes('spinning'));
        await holdFor(holder, stopping(holder), PAUSE_MS, () => {
          writeFileSync(file, '');
        });
        await acted;
      },
    ],
  ])('%s', async (_how, pause) => {
    const { pausedMs, toldLater, ...figures } = await play(pause);
    expect(figures).toEqual({
      heldBefore: 1,
      heldAfter: 0,
      expired: 1,
      // The clocks said so: no timer had fired, and the monitor had told nobody.
      timersFired: 0,
      pausesTold: 0,
      acts: 0,
      newerToken: 1,
    });
    // And it knew the reason at that moment already: the monitor adds which pause it was.
    expect(pausedMs).toBeGreaterThanOrEqual(PAUSE_MS - 50 - 5);
    expect(toldLater).toBeGreaterThanOrEqual(1);
  });
});

describe('a lease that the monitor protects (G25)', () => {
  async function scene(): Promise<{ rig: Rig; lease: Lease }> {
    // Reading takes time, as it does in life: whoever reads twice gets two answers.
    const rig = new Rig({ machine: { readCostMs: 0.01 } });
    const clock = createClock(rig.clock);
    const store = new MemoryLeaseStore({ clock });
    const acquiring = acquire(store, 'the-job', { ttlMs: 300_000, clock, random: () => 0.5 });
    await rig.clock.run(10);
    const lease = await acquiring;
    if (!lease.acquired) throw new Error('nobody else wants this lease');
    onTestFinished(async () => {
      const released = lease.release();
      await rig.clock.run(1000);
      await released;
    });
    onTestFinished(rig.monitor.protect(lease));
    rig.vmMarker = 1n;
    await rig.clock.run(3000);
    expect(lease.check()).toMatchObject({ ok: true });
    return { rig, lease };
  }

  it.each<[string, (rig: Rig) => void, RegExp]>([
    ['the machine slept', (rig) => rig.clock.suspend(5000), /slept/],
    ['the hypervisor stopped the machine with its clocks', (rig) => (rig.vmMarker = 2n), /hypervisor/],
    ['the wall clock jumped forward: a snapshot, resumed', (rig) => rig.clock.resumeSnapshot(60_000), /jumped forward/],
  ])('%s: it is suspended until it has been renewed', async (_what, happen, detail) => {
    const { rig, lease } = await scene();
    happen(rig);
    // Wake-ups come, but no answer of the store: promises do not run.
    rig.idle(1000);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended', detail: expect.stringMatching(detail) });
    expect(await lease.guard(() => 'acted')).toMatchObject({ ok: false, reason: 'suspended' });
    await rig.clock.run(1000);
    expect(lease.check()).toMatchObject({ ok: true });
    expect(await lease.guard(() => 'acted')).toMatchObject({ ok: true, value: 'acted' });
  });

  it('a pause that every clock has counted leaves it alone', async () => {
    const { rig, lease } = await scene();
    rig.spin(500);
    rig.settle();
    expect(rig.pauses.map(({ cause }) => cause)).toEqual(['cpu']);
    expect(lease.check()).toMatchObject({ ok: true });
  });
});
