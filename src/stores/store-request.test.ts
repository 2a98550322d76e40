import { describe, expect, it } from 'vitest';
import { LEASE_NAME_LENGTH_MAX, LEASE_TTL_MS_MAX, requireLeaseText, type StoreIo } from '../lease/index.ts';
import { requireAcquireRequest, requireGrantRef } from './store-request.ts';

const io: StoreIo = { signal: new AbortController().signal };
const request = { name: 'jobs', holderId: 'a', ttlMs: 1000 };

describe('a request to a store', () => {
  it.each([
    {},
    { ttlMs: 1 },
    { ttlMs: LEASE_TTL_MS_MAX },
    { name: 'x'.repeat(LEASE_NAME_LENGTH_MAX) },
    { name: '🔒'.repeat(LEASE_NAME_LENGTH_MAX / 2) },
    { utcExpiryMs: 1_800_000_000_000.5 },
  ])('may be %o', (part) => {
    expect(() => {
      requireAcquireRequest('test', { ...request, ...part }, io);
    }).not.toThrow();
  });

  it.each([
    [{ name: '' }, 'TC_INVALID_ARGUMENT'],
    [{ name: 'x'.repeat(LEASE_NAME_LENGTH_MAX + 1) }, 'TC_INVALID_ARGUMENT'],
    [{ name: 'a\0' }, 'TC_INVALID_ARGUMENT'],
    [{ name: '\ud83d' }, 'TC_INVALID_ARGUMENT'],
    [{ name: 5 }, 'TC_INVALID_ARGUMENT'],
    [{ holderId: '' }, 'TC_INVALID_ARGUMENT'],
    [{ ttlMs: 0 }, 'TC_OUT_OF_RANGE'],
    [{ ttlMs: 1.5 }, 'TC_INVALID_ARGUMENT'],
    [{ ttlMs: NaN }, 'TC_NOT_FINITE'],
    [{ ttlMs: 1_800_000_000_000 }, 'TC_EPOCH_AS_DURATION'],
    [{ ttlMs: LEASE_TTL_MS_MAX + 1 }, 'TC_OUT_OF_RANGE'],
    [{ utcExpiryMs: NaN }, 'TC_NOT_FINITE'],
    [{ utcExpiryMs: Infinity }, 'TC_NOT_FINITE'],
  ])('may not be %o', (part, code) => {
    expect(() => {
      requireAcquireRequest('test', { ...request, ...part } as never, io);
    }).toThrow(code);
  });

  it('is not sent for a caller that has given up', () => {
    const signal = AbortSignal.abort(new Error('given up'));
    expect(() => {
      requireGrantRef('test', request, { signal });
    }).toThrow('given up');
  });

  it('says what was wrong, and what is allowed', () => {
    expect(() => {
      requireLeaseText('acquire name', '');
    }).toThrow(/^acquire name: requires 1 to 256 characters .* got string "". /);
  });
});
