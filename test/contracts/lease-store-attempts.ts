/**
 * What the laws of a lease store are said with: attempts with names and holders of their own, and waiting that only asks again.
 */
import { expect } from 'vitest';
import type { FencingToken, GrantRef, LeaseStore, StoreDenial, StoreIo } from '../../src/lease/index.ts';
import type { LeaseStoreHarness } from './lease-store.ts';

/** Runs out during no test. */
export const LONG_MS = 120_000;

/** More questions than this means that the answer will not come; with a real engine that is minutes. */
export const ATTEMPTS_MAX = 2000;

/** How often a step that must fall inside a short time to live is tried again with a longer one. */
const DOUBLINGS_MAX = 8;

/** For calls that nobody gives up. */
export const io: StoreIo = { signal: new AbortController().signal };

let counted = 0;

/** A name, or a holder, that nobody else has. */
export function unique(label: string): string {
  counted += 1;
  return `${label} ${counted} ${Math.random().toString(36).slice(2, 10)}`;
}

/** A grant that a test holds. */
export interface Held extends GrantRef {
  /** 0n where the store mints none. */
  readonly minted: bigint;
}

/** Acquires what must be free. */
export async function grantOf(store: LeaseStore, name: string, ttlMs: number = LONG_MS): Promise<Held> {
  const held = await tryOnce(store, name, ttlMs);
  if ('status' in held) throw new Error(`${JSON.stringify(name)} should be free: ${JSON.stringify(held)}`);
  return held;
}

/** Asks once: the grant or the denial. */
export async function tryOnce(
  store: LeaseStore,
  name: string,
  ttlMs: number = LONG_MS,
  takeover?: { readonly version: string },
): Promise<Held | StoreDenial> {
  const holderId = unique('holder');
  const request = { name, holderId, ttlMs, ...(takeover === undefined ? {} : { takeover }) };
  const answer = await store.tryAcquire(request, io);
  if (answer.status === 'denied') return answer;
  return heldBy(store, { name, holderId }, answer.token);
}

function heldBy(store: LeaseStore, who: { name: string; holderId: string }, token: FencingToken | undefined): Held {
  if (store.capabilities.fencing === 'none') {
    expect(token).toBeUndefined();
    return { ...who, minted: 0n };
  }
  expect(typeof token, 'a token is a bigint').toBe('bigint');
  expect(token).toBeGreaterThanOrEqual(1n);
  return { ...who, token: token as FencingToken, minted: token as bigint };
}

/** Asks and expects no. */
export async function denialOf(store: LeaseStore, name: string): Promise<StoreDenial> {
  const answer = await tryOnce(store, name);
  if (!('status' in answer)) throw new Error(`${JSON.stringify(name)} is held, and was granted again`);
  return answer;
}

/** Takes a lease over as soon as the store allows: by asking again, or, for an observer, by watching its record for its time to live. */
export async function takenOver(
  harness: LeaseStoreHarness,
  store: LeaseStore,
  wanted: { readonly name: string; readonly ttlMs?: number },
): Promise<Held> {
  let seen: { readonly version: string; readonly sinceMs: number } | undefined;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const watched: StoreDenial | Held = await tryOnce(store, wanted.name, wanted.ttlMs, dueVersion(seen, harness));
    if (!('status' in watched)) return watched;
    const { record } = watched;
    if (record !== undefined && record.version !== seen?.version) {
      seen = { version: record.version, sinceMs: harness.nowMs() + record.ttlMs };
    }
    await harness.pass(harness.shortMs / 8);
  }
  throw new Error(`${JSON.stringify(wanted.name)} was never granted again`);
}

function dueVersion(
  seen: { readonly version: string; readonly sinceMs: number } | undefined,
  harness: LeaseStoreHarness,
): { readonly version: string } | undefined {
  return seen === undefined || harness.nowMs() < seen.sinceMs ? undefined : { version: seen.version };
}

/**
 * A step that must come before a short lease runs out: on a slow machine it may not, so it says whether it did, and is tried again
 * with twice the time.
 */
export async function inTime<Value>(
  harness: LeaseStoreHarness,
  step: (ttlMs: number) => Promise<Value | 'too late'>,
): Promise<Value> {
  for (let doubling = 0; doubling < DOUBLINGS_MAX; doubling += 1) {
    const value = await step(harness.shortMs * 2 ** doubling);
    if (value !== 'too late') return value;
  }
  throw new Error('a renewal was refused however soon it came');
}

/** Whether the store mints tokens. */
export function mints(store: LeaseStore): boolean {
  return store.capabilities.fencing === 'atomic';
}

/** How many contenders race. */
export const RACERS = 16;

/** Those of many answers that are grants. */
export function grantsOf(answers: readonly (Held | StoreDenial)[]): Held[] {
  return answers.filter((answer): answer is Held => !('status' in answer));
}
