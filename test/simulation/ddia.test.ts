/**
 * Three scenes of chapter 8 of "Designing Data-Intensive Applications" (Kleppmann 2017, "Unreliable Clocks"), as tests: what goes wrong
 * with the wall clock, and what does not go wrong with the right one. Each scene plays twice, so that the wrong code is seen failing.
 */
import { createClock, BoundedClock } from 'truechimer';
import { delays, install, SimClock, simNtp, SimNtpServer, SimWorld } from 'truechimer/testing';
import { describe, expect, it } from 'vitest';

describe('a duration across a step of the wall clock', () => {
  /** "If the local clock is too far ahead of the NTP server, it may be forcibly reset" while a request is being measured. */
  function request(clock: SimClock): void {
    clock.advance(30);
    clock.stepWall(-5000);
    clock.advance(20);
  }

  it('is negative by Date.now(), and right by a stopwatch', () => {
    const clock = new SimClock();
    using _installed = install(clock);
    const watch = clock.monotonic.stopwatch();
    const begunMs = Date.now();
    request(clock);
    expect(Date.now() - begunMs).toBe(-4950);
    expect(watch.elapsedMs()).toBe(50);
  });

  it('makes the naive timeout wait for five seconds more, and a deadline is on time', async () => {
    const clock = new SimClock();
    using _installed = install(clock);
    const untilMs = Date.now() + 1000;
    const limit = clock.monotonic.deadline(1000);
    request(clock);
    const passedMs = { naive: NaN, deadline: NaN };
    limit.signal.addEventListener('abort', () => (passedMs.deadline = performance.now()));
    const poll = setInterval(() => {
      if (Date.now() < untilMs) return;
      passedMs.naive = performance.now();
      clearInterval(poll);
    }, 10);
    await clock.advanceAsync(10_000);
    expect(passedMs.deadline).toBe(1000);
    expect(passedMs.naive).toBeGreaterThanOrEqual(6000);
  });
});

describe('a lease of 30 s, and a holder that is stopped for 45 s', () => {
  const LEASE_MS = 30_000;
  const PAUSE_MS = 45_000;
  const RENEWAL_MS = 10_000;

  /** The lease as the lock service sees it: true time decides. */
  class LockService {
    #expiresAtMs = 0;
    readonly #world: SimWorld;

    constructor(world: SimWorld) {
      this.#world = world;
    }

    grant(): void {
      this.#expiresAtMs = this.#world.nowMs + LEASE_MS;
    }

    get isHeld(): boolean {
      return this.#world.nowMs < this.#expiresAtMs;
    }
  }

  interface Scene {
    readonly wrongWrites: number;
    readonly rightWrites: number;
    readonly refusals: number;
  }

  /**
   * The holder of the book: it asks whether the lease is valid and then writes. What happens between the two is the scene; `checks` says
   * how it asks: it returns a check that holds for one lease.
   */
  function play(
    newCheck: (holder: ReturnType<typeof createClock>) => () => boolean,
    during: (world: SimWorld) => void,
  ): Scene {
    const world = new SimWorld();
    const node = world.addNode('holder');
    const service = new LockService(world);
    const holder = createClock(node);
    service.grant();
    const isValid = newCheck(holder);
    const scene = { wrongWrites: 0, rightWrites: 0, refusals: 0 };
    const write = (): void => {
      if (!isValid()) scene.refusals += 1;
      else if (service.isHeld) scene.rightWrites += 1;
      else scene.wrongWrites += 1;
      node.setTimer(write, RENEWAL_MS, { keepsAlive: true });
    };
    write();
    world.advanceSync(15_000);
    during(world);
    world.advanceSync(PAUSE_MS + 30_000);
    return scene;
  }

  const pause = (world: SimWorld): void => {
    world.node('holder').pause(PAUSE_MS);
  };
  /** While it stands still, somebody sets its wall clock back. */
  const pauseAndStep = (world: SimWorld): void => {
    pause(world);
    world.after(20_000, () => {
      world.node('holder').stepWall(-60_000);
    });
  };

  /** `if (lease.expiryTimeMillis - System.currentTimeMillis() < 10000) renew()` and all its relatives. */
  const byWallClock = (holder: ReturnType<typeof createClock>): (() => boolean) => {
    const expiresAtMs = holder.wall.now().epochMilliseconds + LEASE_MS;
    return () => holder.wall.now().epochMilliseconds < expiresAtMs;
  };
  const byBootClock = (holder: ReturnType<typeof createClock>): (() => boolean) => {
    const limit = holder.boot.deadline(LEASE_MS);
    return () => !limit.passed;
  };

  it('by the wall clock, set back meanwhile: writes under a lease that is gone', () => {
    const scene = play(byWallClock, pauseAndStep);
    expect(scene.rightWrites).toBe(2);
    expect(scene.wrongWrites).toBeGreaterThan(0);
  });

  it('by the boot clock: refuses at its first instruction after the pause, whatever the wall clock does', () => {
    for (const during of [pause, pauseAndStep]) {
      const scene = play(byBootClock, during);
      expect(scene.rightWrites).toBe(2);
      expect(scene.wrongWrites).toBe(0);
      expect(scene.refusals).toBeGreaterThan(0);
    }
  });

  it('by a timer: the naive flag is still up when the late holder runs first', () => {
    const clock = new SimClock();
    using _installed = install(clock);
    let isLeader = true;
    setTimeout(() => (isLeader = false), LEASE_MS);
    const limit = clock.boot.deadline(LEASE_MS);
    clock.advance(15_000);
    clock.pause(PAUSE_MS);
    // The first instruction after the pause: no timer has fired yet.
    expect(isLeader).toBe(true);
    expect(limit.passed).toBe(true);
    clock.advance(0);
    expect(isLeader).toBe(false);
  });

  it('a check does not protect the write after it: only a fencing token does', () => {
    const clock = new SimClock();
    const limit = clock.boot.deadline(LEASE_MS);
    clock.advance(29_000);
    const mayWrite = !limit.passed;
    clock.pause(PAUSE_MS); // between the check and the write
    expect(mayWrite).toBe(true);
    expect(limit.passed).toBe(true); // the write that follows would be wrong: no clock can prevent it
  });
});

describe('a suspend', () => {
  it('is missed by performance.now() and caught by boot time', () => {
    const clock = new SimClock();
    using _installed = install(clock);
    const begunMs = performance.now();
    const monotonic = clock.monotonic.deadline(30_000);
    const boot = clock.boot.deadline(30_000);
    clock.suspend(3_600_000);
    expect(performance.now() - begunMs).toBe(0);
    expect(monotonic.passed).toBe(false); // would go on for 30 s more
    expect(boot.passed).toBe(true);
  });

  it('leaves a bounded clock unbounded at its first read afterwards, until it has measured again', async () => {
    const clock = new SimClock();
    const { world } = clock;
    world.network.setDefault({ delay: delays.exponential(5, 1) });
    const servers = ['a', 'b', 'c', 'd'].map((name) => new SimNtpServer(world, world.addNode(name)));
    const starting = BoundedClock.start({ clock, sources: servers.map((server) => simNtp(world, clock.node, server)) });
    await clock.runUntilAsync(() => false, { maxMs: 10_000 });
    using bounded = disposable(await starting);
    const before = bounded.clock.now();
    expect(before.status).toBe('bounded');

    clock.suspend(8 * 3_600_000);
    const first = bounded.clock.now();
    expect(first).toMatchObject({ status: 'unbounded', reason: 'clock-discontinuity' });

    await clock.runUntilAsync(() => bounded.clock.now().status === 'bounded', { maxMs: 120_000 });
    const after = bounded.clock.now();
    if (after.status !== 'bounded') throw new Error(`still unbounded: ${after.reason}`);
    const truthMs = world.trueTime.wholeMs + world.trueTime.fractionMs;
    expect(after.earliest).toBeLessThanOrEqual(truthMs);
    expect(after.latest).toBeGreaterThanOrEqual(truthMs);
  });

  function disposable(clock: BoundedClock): { readonly clock: BoundedClock } & Disposable {
    return {
      clock,
      [Symbol.dispose]: () => {
        clock.stop();
      },
    };
  }
});
