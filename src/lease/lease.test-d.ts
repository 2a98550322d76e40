/* Never run: the compiler is the test. Each `@ts-expect-error` is a mistake that must not compile. */
/* eslint-disable @typescript-eslint/no-unsafe-call -- mistakes are the point */
import { describe, expectTypeOf, it } from 'vitest';
import type { acquireLease } from './acquire-lease.ts';
import type { FenceGate } from './fence-gate.ts';
import type { FencingToken } from './fencing-token.ts';
import type { Lease } from './lease.ts';
import type { AcquireOptions } from './lease-options.ts';
import type { NotAcquired } from './not-acquired.ts';
import type { Fence, LeaseStore, StoreCapabilities, TokenOf } from './store-port.ts';
import type { LeaseVerdict } from './verdict.ts';

interface Minting extends StoreCapabilities {
  readonly fencing: 'atomic';
}
interface Mute extends StoreCapabilities {
  readonly fencing: 'none';
}

declare const orders: Lease<Minting, 'orders'>;
declare const mute: Lease<Mute, 'cache'>;
declare const got: Awaited<ReturnType<typeof acquireLease<Minting, 'orders'>>>;
declare const stocks: FencingToken<'stocks'>;
declare const gate: FenceGate<'orders'>;
declare const anybodys: FenceGate;
declare function write(token: FencingToken<'orders'>): void;

describe('tokens', () => {
  it('are there where the store mints them, and nowhere else', () => {
    expectTypeOf(orders.token).toEqualTypeOf<FencingToken<'orders'>>();
    expectTypeOf(mute.token).toEqualTypeOf<undefined>();
    void orders.guard(({ token, sequence }) => {
      expectTypeOf(token).toEqualTypeOf<FencingToken<'orders'>>();
      return gate.admit(token, () => 1, { sequence });
    });
  });

  it('cannot be passed on where there are none', () => {
    // @ts-expect-error the store mints no tokens
    anybodys.admit(mute.token, () => 1);
    // @ts-expect-error the store mints no tokens
    void mute.guard(({ token }) => anybodys.admit(token, () => 1));
    // @ts-expect-error there is no token to put into a header
    const header: string = mute.token;
    expectTypeOf(header).toBeString();
    const verdict = mute.check();
    // @ts-expect-error nor in a verdict
    if (verdict.ok) anybodys.admit(verdict.token, () => 1);
  });

  it('may be missing where the type does not say whether the store mints them', () => {
    expectTypeOf<TokenOf<StoreCapabilities, 'orders'>>().toEqualTypeOf<FencingToken<'orders'> | undefined>();
    expectTypeOf<LeaseStore<Minting, 'orders'>>().toExtend<LeaseStore>();
    expectTypeOf<LeaseStore<Mute, 'orders'>>().toExtend<LeaseStore>();
  });

  it('of two domains do not mix', () => {
    write(orders.token);
    // @ts-expect-error another counter minted it
    write(stocks);
    // @ts-expect-error a number that nobody minted
    write(7n);
    const fence = {} as Fence<'stocks'>;
    // @ts-expect-error the fence of another domain
    const options: AcquireOptions<'orders'> = { ttlMs: 1000, fences: [fence] };
    expectTypeOf(options).not.toBeAny();
  });
});

describe('outcomes must be looked at', () => {
  it('whether there is a lease', () => {
    // @ts-expect-error there may be none
    got.check();
    if (got.acquired) expectTypeOf(got).toEqualTypeOf<Lease<Minting, 'orders'>>();
    else expectTypeOf(got).toEqualTypeOf<NotAcquired>();
  });

  it('whether it may be used', () => {
    const verdict = orders.check();
    expectTypeOf(verdict).toEqualTypeOf<LeaseVerdict<Minting, 'orders'>>();
    // @ts-expect-error there is no token when it was refused
    expectTypeOf(verdict.token).not.toBeNever();
    // @ts-expect-error there is no reason when it may be used
    expectTypeOf(verdict.reason).not.toBeNever();
    if (verdict.ok) write(verdict.token);
    else expectTypeOf(verdict.detail).toEqualTypeOf<string>();
  });

  it('whether an act was begun', async () => {
    const outcome = await orders.guard(() => 'written');
    // @ts-expect-error the act may not have been begun
    expectTypeOf(outcome.value).not.toBeNever();
    if (outcome.ok) expectTypeOf(outcome.value).toEqualTypeOf<string>();
  });
});
