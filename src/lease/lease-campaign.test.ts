import { describe, expect, it } from 'vitest';
import { MemoryLeaseStore } from '../stores/memory.ts';
import { SimWorld } from '../testing/index.ts';
import { holderWindow } from './holder-window.ts';
import { campaignForLease, type CampaignOptions, type EndedTerm } from './lease-campaign.ts';
import {
  never,
  runtimeOn,
  type Scene,
  scene,
  type ScriptedCapabilities,
  type ScriptedStore,
  TTL_MS,
} from './lease.fixture.ts';
import type { NotAcquired } from './not-acquired.ts';

const WINDOW_MS = holderWindow({ ttlMs: TTL_MS });

type Lead = CampaignOptions<ScriptedCapabilities, 'scripted'>['lead'];

interface Run {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
  readonly terms: EndedTerm[];
  readonly followed: NotAcquired[];
  /** How it ended, if it has. */
  result(): string;
}

function start({ runtime, store }: Scene, lead: Lead, more: Partial<CampaignOptions> = {}): Run {
  const controller = new AbortController();
  const terms: EndedTerm[] = [];
  const followed: NotAcquired[] = [];
  let result = 'running';
  const ended = campaignForLease({ runtime, store }, 'leader', {
    ttlMs: TTL_MS,
    signal: controller.signal,
    lead,
    onFollow: (why) => followed.push(why),
    onTermEnd: (term) => terms.push(term as unknown as EndedTerm),
    ...(more as object),
  });
  ended.then(
    () => (result = 'ended'),
    (error: unknown) => (result = String(error)),
  );
  return { controller, ended, terms, followed, result: () => result };
}

const untilAborted: Lead = ({ signal }) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

describe('terms', () => {
  it('follow each other with growing tokens and a pause, as long as the leader resigns', async () => {
    const at = scene();
    const tokens: bigint[] = [];
    const run = start(at, async ({ lease }) => {
      tokens.push(lease.token);
      await at.clock.timers.sleep(1000);
    });
    await at.clock.advanceAsync(60_000);
    expect(tokens).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n].slice(0, tokens.length));
    expect(tokens.length).toBeGreaterThan(5);
    expect(run.terms.every(({ ending }) => ending === 'released')).toBe(true);
    run.controller.abort();
    await at.clock.advanceAsync(2000);
    expect(run.result()).toBe('ended');
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('a leader that resigns at once is no hot loop, whatever is drawn and however short the time to live', async () => {
    const at = scene();
    const runtime = runtimeOn(at.clock.port, () => 0);
    const run = start({ ...at, runtime }, () => undefined, { ttlMs: 20, timing: { suspend: 'ignored' } });
    await at.clock.advanceAsync(100);
    expect(run.terms.length).toBeGreaterThan(10);
    expect(run.terms.length).toBeLessThanOrEqual(101);
    run.controller.abort();
    await run.ended;
  });

  it('end with the lease, whose signal the leader sees; what it throws then is told, and the campaign goes on', async () => {
    const at = scene();
    const run = start(at, async (term) => {
      await untilAborted(term);
      throw new Error('stopped in the middle');
    });
    await at.clock.advanceAsync(1000);
    at.store.onRenew = never;
    await at.clock.advanceAsync(WINDOW_MS);
    expect(run.terms).toMatchObject([{ ending: 'lost', error: new Error('stopped in the middle') }]);
    at.store.onRenew = () => Promise.resolve('renewed');
    await at.clock.advanceAsync(TTL_MS);
    expect(at.store.of('tryAcquire').length).toBeGreaterThanOrEqual(2);
    expect(run.result()).toBe('running');
  });

  it('what the leader throws under a held lease ends the campaign, after the lease was given back', async () => {
    const at = scene();
    const run = start(at, () => Promise.reject(new Error('a bug')));
    await at.clock.advanceAsync(1);
    expect(run.result()).toBe('Error: a bug');
    expect(at.store.of('release')).toHaveLength(1);
    expect(run.terms).toHaveLength(0);
    expect(at.clock.node.timerCount).toBe(0);
  });
});

describe('the signal', () => {
  it('aborted before: nothing is sent', async () => {
    const at = scene();
    const controller = new AbortController();
    controller.abort();
    const run = start(at, untilAborted, { signal: controller.signal });
    await run.ended;
    expect(at.store.calls).toHaveLength(0);
  });

  it('aborted while leading: the leader is told, the lease released, and the campaign ends', async () => {
    const at = scene();
    const run = start(at, untilAborted);
    await at.clock.advanceAsync(50_000);
    run.controller.abort();
    await run.ended;
    expect(run.terms).toMatchObject([{ ending: 'released' }]);
    expect(at.store.of('release')).toHaveLength(1);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('aborted while leading, and the leader throws the reason: no error', async () => {
    const at = scene();
    const reason = new Error('shutting down');
    const run = start(at, async (term) => {
      await untilAborted(term);
      term.signal.throwIfAborted();
    });
    await at.clock.advanceAsync(10);
    run.controller.abort(reason);
    await run.ended;
    expect(run.terms).toMatchObject([{ ending: 'released', error: reason }]);
  });

  it.each<[string, (reason: unknown) => unknown]>([
    ['an AbortError', () => new DOMException('This operation was aborted', 'AbortError')],
    ['an error caused by the reason', (reason) => new Error('the copy was cut short', { cause: reason })],
  ])('aborted while leading, and the leader throws %s: no error', async (_, made) => {
    const at = scene();
    const run = start(at, async (term) => {
      await untilAborted(term);
      throw made(term.signal.reason) as Error;
    });
    await at.clock.advanceAsync(10);
    run.controller.abort(new Error('shutting down'));
    await run.ended;
    expect(run.terms).toMatchObject([{ ending: 'released', error: { name: /Error$/ } }]);
  });

  it.each<[string, unknown]>([
    ['another error after the shutdown', new Error('a bug', { cause: new Error('another') })],
    ['an error without a cause', new Error('a bug')],
    ['nothing', undefined],
  ])('aborted while leading, and the leader throws %s: that is told', async (_, thrown) => {
    const at = scene();
    const run = start(at, async (term) => {
      await untilAborted(term);
      throw thrown as Error;
    });
    await at.clock.advanceAsync(10);
    run.controller.abort(new Error('shutting down'));
    await run.ended.then(
      () => expect.unreachable(),
      (error: unknown) => {
        expect(error).toBe(thrown);
      },
    );
  });

  it('not aborted: an AbortError under a held lease ends the campaign', async () => {
    const run = start(scene(), () => Promise.reject(new DOMException('of something else', 'AbortError')));
    await expect(run.ended).rejects.toThrow('of something else');
  });

  it('aborted while following or pausing: ends at once', async () => {
    const at = scene();
    at.store.onAcquire = () => Promise.resolve({ status: 'denied' });
    const run = start(at, untilAborted);
    await at.clock.advanceAsync(5000);
    run.controller.abort();
    await run.ended;
    const pausing = start(scene(), () => undefined);
    await new Promise(setImmediate);
    pausing.controller.abort();
    await pausing.ended;
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('aborted at the moment of the grant: nobody leads, and it is given back', async () => {
    const at = scene();
    const run = start(at, untilAborted, { on: { acquired: () => run.controller.abort() } });
    let led = 0;
    const another = scene();
    const second: Run = start(another, () => void (led += 1), {
      on: {
        acquired: () => {
          second.controller.abort();
        },
      },
    });
    run.controller.abort();
    await Promise.all([run.ended, second.ended]);
    expect(led).toBe(0);
    expect(another.store.of('release')).toHaveLength(1);
  });
});

describe('nobody to be had', () => {
  it('is told once in a time to live, and asked for without hurry', async () => {
    const at = scene();
    at.store.onAcquire = () => Promise.resolve({ status: 'denied', holderId: 'another' });
    const run = start(at, untilAborted);
    await at.clock.advanceAsync(TTL_MS * 4);
    expect(run.followed.length).toBeGreaterThanOrEqual(3);
    expect(run.followed.length).toBeLessThanOrEqual(5);
    expect(run.followed[0]).toMatchObject({ reason: 'held', heldBy: 'another' });
    expect(at.store.calls.length).toBeLessThan(120);
  });

  it('a store that refuses connections is no hot loop', async () => {
    const at = scene();
    at.store.onAcquire = () => Promise.reject(new Error('refused'));
    const run = start(at, untilAborted);
    await at.clock.advanceAsync(TTL_MS * 2);
    expect(run.followed[0]).toMatchObject({ reason: 'unreachable' });
    expect(at.store.calls.length).toBeLessThan(150);
  });
});

describe('a time to live of a few ms', () => {
  it.each<[string, () => unknown]>([
    ['denies', () => ({ status: 'denied' })],
    ['fails', () => Promise.reject(new Error('refused'))],
  ])('a store that %s at once is not asked without a pause', async (_, onAcquire) => {
    const at = scene();
    at.store.onAcquire = onAcquire;
    // Without a pause no timer would ever fire, and this test not end.
    const run = start(at, untilAborted, {
      ttlMs: 3,
      timing: { suspend: 'ignored' },
      onFollow: () => {
        if (at.store.of('tryAcquire').length > 1000) throw new Error('a hot loop');
      },
    });
    await at.clock.advanceAsync(100);
    expect(run.result()).toBe('running');
    expect(at.store.of('tryAcquire').length).toBeGreaterThan(10);
    expect(at.store.of('tryAcquire').length).toBeLessThanOrEqual(101);
    run.controller.abort();
    await run.ended;
  });
});

describe('several contenders', () => {
  it.each(['server-ttl', 'observer'] as const)(
    'lead one at a time, and a dead leader is succeeded (%s)',
    async (expiry) => {
      const world = new SimWorld({ seed: 11 });
      const store = new MemoryLeaseStore({ clock: world.addNode('store'), expiry });
      const terms: { node: string; token: bigint }[] = [];
      const leading = new Set<string>();
      let most = 0;
      const failures: string[] = [];
      for (const name of ['a', 'b', 'c']) {
        const node = world.addNode(name);
        let names = 0;
        node.start(() => {
          const runtime = {
            ...runtimeOn(node, () => node.random.uniform()),
            newHolderId: () => `${name}-${(names += 1)}`,
          };
          const campaign = campaignForLease({ runtime, store }, 'leader', {
            ttlMs: 10_000,
            signal: new AbortController().signal,
            lead: async (term) => {
              terms.push({ node: name, token: term.lease.token });
              leading.add(name);
              most = Math.max(most, leading.size);
              await untilAborted(term as never);
              leading.delete(name);
            },
          });
          campaign.catch((error: unknown) => failures.push(String(error)));
        });
      }
      await world.advance(60_000);
      expect(failures).toEqual([]);
      expect(terms).toHaveLength(1);
      const dead = terms[0]?.node ?? '';
      world.node(dead).crash();
      leading.delete(dead);
      await world.advance(25_000);
      expect(terms).toHaveLength(2);
      expect(terms[1]?.node).not.toBe(dead);
      expect(terms[1]?.token).toBe(2n);
      expect(most).toBe(1);
    },
  );
});

describe('wrong options', () => {
  it.each<[string, object, RegExp]>([
    ['no lead', { lead: undefined }, /campaign lead: requires a function.*Pass a function/],
    ['no signal', { signal: undefined }, /campaign signal: requires an AbortSignal.*Pass controller\.signal/],
    ['a controller', { signal: new AbortController() }, /campaign signal.*Pass controller\.signal/],
    ['onFollow', { onFollow: 'log' }, /campaign onFollow: requires a function/],
    ['onTermEnd', { onTermEnd: 1 }, /campaign onTermEnd: requires a function/],
    ['ttlMs', { ttlMs: '30s' }, /campaign ttlMs: requires/],
  ])('%s', async (_, wrong, message) => {
    const run = start(scene(), untilAborted, wrong);
    await expect(run.ended).rejects.toThrow(message);
  });

  it('a store that is none', async () => {
    const run = start({ ...scene(), store: {} as unknown as ScriptedStore }, untilAborted);
    await expect(run.ended).rejects.toThrow(/campaign store: requires a lease store/);
  });
});
