/**
 * The storage's half of fencing, in memory: the reference of the rule that every protected storage must follow.
 *
 * Accept a write with token k iff k is at least the highest token seen, in one atomic step with the write itself, and remember k. Then no
 * effect of an older holder lands after one of a newer holder, whatever the clocks do and however long anybody was paused
 * (Kleppmann 2016, "How to do distributed locking"). An older holder can still write until the storage hears of the newer one: so a
 * newer holder raises the fence first, then reads, then acts.
 *
 * What no fence covers: reads of an older holder that were answered before; effects outside the fenced storage (a mail, a call to
 * another service), which need an idempotency key of token and sequence number; the order of acts under one token; and one effect
 * across several storages, each of which has a fence of its own.
 */
import { ClockError, describeValue, optionNames, requireInteger, requireOptions } from '../core/index.ts';
import { type FencingToken, fencingToken } from './fencing-token.ts';
import type { Fence } from './store-port.ts';

/**
 * How far behind the highest sequence number of its token an act may arrive and still be told from a duplicate; what is further behind
 * is refused, as in IPsec's anti-replay window (RFC 4303, section 3.4.3). Far more than one holder has in flight.
 */
export const SEQUENCE_WINDOW_MAX = 1024;

/** What a fence says to a write. */
export type Admission<Domain extends string, Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false;
      /** `stale`: a higher token has been seen. `duplicate`: this act of this token was done before, or came too late to know. */
      readonly reason: 'stale' | 'duplicate';
      /** The highest token seen. */
      readonly highest: FencingToken<Domain>;
    };

/** How a gate starts. */
export interface FenceGateOptions<Domain extends string> {
  /** For messages; `memory` when left out. */
  readonly name?: string;
  /** The highest token seen before a restart, stored with the data: a gate that forgets it admits stale writes. */
  readonly highest?: FencingToken<Domain>;
}

/** What else an act says of itself. */
export interface AdmitOptions {
  /** Counts the acts of one token, from 1: the same number again is refused. */
  readonly sequence?: number;
}

const GATE_OPTIONS = optionNames<FenceGateOptions<string>>({ name: true, highest: true });
const ADMIT_OPTIONS = optionNames<AdmitOptions>({ sequence: true });
const SEQUENCE = { what: 'a sequence number', min: 1, max: Number.MAX_SAFE_INTEGER };

/**
 * Guards one thing in this process, by the tokens of one lease: only the newest holder that it has heard of may change it.
 *
 * Pass it as one of the `fences` of `acquire`, and make every change inside `admit`. Guarantee: the tokens of admitted effects never
 * decrease, without any assumption about clocks. It is void if the tokens do not grow with every grant, if effects happen outside
 * `admit`, or if the highest token is forgotten. One gate is for one lease name: different names count independently.
 *
 * @throws TC_INVALID_ARGUMENT for an unknown option or a token that is none.
 *
 * @example
 * ```ts
 * import { FenceGate, fencingToken } from 'truechimer/lease';
 *
 * const gate = new FenceGate<'jobs'>();
 * let state = 'old';
 * gate.admit(fencingToken<'jobs'>(34), () => (state = 'written by 34'));
 * const late = gate.admit(fencingToken<'jobs'>(33), () => (state = 'written by 33'));
 * console.log(late, state); // { ok: false, reason: 'stale', highest: 34n } written by 34
 * ```
 */
export class FenceGate<Domain extends string = string> implements Fence<Domain> {
  readonly name: string;
  #highest: FencingToken<Domain> | undefined;
  #acts = new SequenceWindow();
  #admitting = false;

  constructor(options: FenceGateOptions<Domain> = {}) {
    requireOptions('FenceGate', options, GATE_OPTIONS);
    this.name = options.name ?? 'memory';
    if (options.highest !== undefined) this.#highest = fencingToken<Domain>(options.highest);
  }

  /** The highest token seen; store it with what it protects. Undefined while there was none. */
  get highest(): FencingToken<Domain> | undefined {
    return this.#highest;
  }

  /**
   * Lets the gate know of a token before anything is done with it: every lower one is refused from this moment on.
   *
   * @returns `stale` when a higher one has been seen; then nothing changes, and the lease is not to be used.
   * @throws TC_INVALID_ARGUMENT for what is no token, and inside an effect.
   */
  raiseNow(token: FencingToken<Domain>): 'raised' | 'stale' {
    this.#requireOutside('FenceGate.raise');
    return this.#raise(fencingToken<Domain>(token)) ? 'raised' : 'stale';
  }

  /** The same as `raiseNow`, for `acquire`: the token is raised before this returns, and what is wrong rejects. */
  // eslint-disable-next-line @typescript-eslint/require-await -- async so that a wrong token rejects instead of throwing
  async raise(token: FencingToken<Domain>): Promise<'raised' | 'stale'> {
    return this.raiseNow(token);
  }

  /**
   * Makes one change, unless a newer holder has been seen or the change has been made already.
   *
   * The effect runs at once and must be synchronous: what it awaited would happen outside the gate. When it throws, the error is passed on, the
   * token stays raised (it proves a grant, whatever became of the effect), and the sequence number stays free for another try: an
   * effect that throws must have changed nothing.
   *
   * @param effect - Makes the change and returns something; called once or not at all.
   * @throws TC_INVALID_ARGUMENT for what is no token, for an effect that returned a promise, and inside another effect; TC_OUT_OF_RANGE,
   * TC_NOT_FINITE for what is no sequence number.
   */
  admit<Value>(token: FencingToken<Domain>, effect: () => Value, options: AdmitOptions = {}): Admission<Domain, Value> {
    this.#requireOutside('FenceGate.admit');
    requireOptions('FenceGate.admit', options, ADMIT_OPTIONS);
    const { sequence } = options;
    if (sequence !== undefined) requireInteger('FenceGate.admit sequence', sequence, SEQUENCE);
    const own = fencingToken<Domain>(token);
    if (!this.#raise(own)) return { ok: false, reason: 'stale', highest: this.#highest as FencingToken<Domain> };
    if (sequence !== undefined && this.#acts.has(sequence)) return { ok: false, reason: 'duplicate', highest: own };
    const value = this.#run(effect);
    if (sequence !== undefined) this.#acts.add(sequence);
    requireSynchronous(value);
    return { ok: true, value };
  }

  #raise(token: FencingToken<Domain>): boolean {
    if (this.#highest !== undefined && token < this.#highest) return false;
    if (token !== this.#highest) this.#acts = new SequenceWindow();
    this.#highest = token;
    return true;
  }

  #run<Value>(effect: () => Value): Value {
    this.#admitting = true;
    try {
      return effect();
    } finally {
      this.#admitting = false;
    }
  }

  /** An effect inside an effect could let a newer holder in, and then go on as an older one. */
  #requireOutside(operation: string): void {
    if (!this.#admitting) return;
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation}: requires to be called outside any effect, got a call from inside one. Make one change for each call.`,
    );
  }
}

/** Which acts of one token have been done, as far back as can be remembered. */
class SequenceWindow {
  readonly #done = new Set<number>();
  #highest = 0;

  has(sequence: number): boolean {
    return sequence <= this.#highest - SEQUENCE_WINDOW_MAX || this.#done.has(sequence);
  }

  add(sequence: number): void {
    this.#done.add(sequence);
    if (sequence <= this.#highest) return;
    const firstOut = this.#highest - SEQUENCE_WINDOW_MAX + 1;
    const lastOut = Math.min(sequence - SEQUENCE_WINDOW_MAX, this.#highest);
    for (let out = Math.max(firstOut, 1); out <= lastOut; out += 1) this.#done.delete(out);
    this.#highest = sequence;
  }
}

function requireSynchronous(value: unknown): void {
  const isThenable = typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
  if (!isThenable) return;
  // What it still does is refused here, once: its own rejection, unhandled, would end the process.
  Promise.resolve(value).catch(() => undefined);
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `FenceGate.admit: requires a synchronous effect, got one that returned ${describeValue(value)}. ` +
      "Await before, and change inside; for a database use the store's own fence, inside its transaction.",
  );
}
