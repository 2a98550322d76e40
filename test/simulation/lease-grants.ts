/**
 * The granter's records, watched: every grant and every release is seen in the step in which it is made.
 */
import type { MemoryLeaseRecord } from 'truechimer/stores/memory';

/** Who is told. */
export interface GrantListener {
  /** `replaced`: somebody else's record was, which had been unchanged for so long, in true ms. */
  granted(token: bigint, replaced: { readonly unchangedMs: number; readonly ttlMs: number } | undefined): void;
  freed(token: bigint): void;
  broken(detail: string): void;
  /** True time. */
  nowMs(): number;
}

/** A map of records that tells of grants. */
export interface GrantLog extends Map<string, MemoryLeaseRecord> {
  /** The highest token that was granted. */
  readonly newest: bigint;
  /** Which grant in order a holder got; undefined when it got none, or more than one. */
  grantIndexOf(holderId: string): number | undefined;
}

/** Makes one, for a single name. */
export function watchedRecords(listener: GrantListener): GrantLog {
  return new WatchedRecords(listener);
}

class WatchedRecords extends Map<string, MemoryLeaseRecord> implements GrantLog {
  newest = 0n;
  readonly #listener: GrantListener;
  readonly #grants = new Map<string, number>();
  readonly #several = new Set<string>();
  #count = 0;
  #changedMs = 0;

  constructor(listener: GrantListener) {
    super();
    this.#listener = listener;
  }

  grantIndexOf(holderId: string): number | undefined {
    return this.#several.has(holderId) ? undefined : this.#grants.get(holderId);
  }

  override set(name: string, record: MemoryLeaseRecord): this {
    const before = this.get(name);
    super.set(name, record);
    const { counter, holderId } = record;
    if (counter < this.newest) this.#listener.broken(`the counter went from ${this.newest} to ${counter}`);
    else if (counter > this.newest) this.#grant(counter, holderId, before);
    else if (holderId === undefined && before?.holderId !== undefined) this.#listener.freed(counter);
    else if (holderId !== before?.holderId) this.#listener.broken(`the token ${counter} went to another holder`);
    this.#changedMs = this.#listener.nowMs();
    return this;
  }

  #grant(counter: bigint, holderId: string | undefined, before: MemoryLeaseRecord | undefined): void {
    this.newest = counter;
    this.#count += 1;
    if (holderId !== undefined) {
      if (this.#grants.has(holderId)) this.#several.add(holderId);
      this.#grants.set(holderId, this.#count);
    }
    const unchangedMs = this.#listener.nowMs() - this.#changedMs;
    this.#listener.granted(counter, before?.holderId === undefined ? undefined : { unchangedMs, ttlMs: before.ttlMs });
  }
}
