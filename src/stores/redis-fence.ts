/**
 * The storage's half of fencing, for data that lives in Redis: the highest token seen, kept beside the data and compared in the same script.
 */
import { ClockError, describeValue, optionNames, requireOptions, requireSignal } from '../core/index.ts';
import { fencingToken, type Fence, type FencingToken, type StoreIo } from '../lease/index.ts';
import { type RedisClient, type RedisScriptRunner, scriptRunner } from './redis-client.ts';
import { fenced } from './redis-scripts.ts';
import type { StaleToken } from './stale-token.ts';

/** Where the fence is. */
export interface RedisFenceOptions {
  /**
   * The key that keeps the highest token seen. Nothing else may write to it; it has no expiry and must not get one. In a cluster the data
   * behind the fence must be in its slot: `fence:{orders}` for `orders:{orders}:17`.
   */
  readonly key: string;
}

/** What to do behind the fence. */
export interface RedisEffect {
  /** The body of a Lua function of `KEYS` and `ARGV`; what it returns is the answer. */
  readonly lua: string;
  /** Every key that the script touches; the fence's own is added. */
  readonly keys?: readonly string[];
  readonly args?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A value to write behind the fence. */
export interface RedisWrite {
  readonly key: string;
  readonly value: string;
  readonly signal?: AbortSignal;
}

/** What came of an effect. Redis has no transaction to roll back, so a refusal is an answer, not a throw. */
export type RedisAdmission<Domain extends string = string> =
  | {
      readonly ok: true;
      /** What the script returned, as the client gives it; undefined for nil. */
      readonly value: unknown;
    }
  | StaleToken<Domain>;

const OPTIONS = optionNames<RedisFenceOptions>({ key: true });
const EFFECT_OPTIONS = optionNames<RedisEffect>({ lua: true, keys: true, args: true, signal: true });
const WRITE_OPTIONS = optionNames<RedisWrite>({ key: true, value: true, signal: true });

/**
 * Lets nobody write to your data in Redis who holds an older lease than one that has been here.
 *
 * A token is admitted when it is at least the highest seen; it is remembered, and the effect takes place, in one script. No clock is
 * involved, so it holds through any pause and any step of a clock.
 *
 * Guarantee: after `raise(k)` no effect under a lower token takes place. Void: when the server loses acknowledged writes (a restart without
 * an append-only file that is synced always, a failover to a replica that lagged), when the key is evicted, flushed or written by others,
 * and for writers that do not pass the fence. The tokens may come from any store.
 *
 * An effect that fails half-way stays half done, as in every Redis script, and the token stays raised.
 *
 * Least privilege (ACL): `+eval +get +set`, the commands of your own effects, and the keys.
 *
 * @param client - A connected client of `redis` or `ioredis`, or a function that runs a script.
 * @throws TC_INVALID_ARGUMENT for a client or options that cannot be right.
 */
export class RedisFence<Domain extends string = 'redis'> implements Fence<Domain> {
  /** The fence's key. */
  readonly name: string;
  readonly #run: RedisScriptRunner;

  constructor(client: RedisClient, options: RedisFenceOptions) {
    this.#run = scriptRunner('new RedisFence', client);
    requireOptions('new RedisFence', options, OPTIONS);
    this.name = requireText('new RedisFence key', options.key);
  }

  /** Lets the fence know of this token; `stale` when it has seen a higher one. A rejection tells nothing. */
  async raise(token: FencingToken<Domain>, io: StoreIo): Promise<'raised' | 'stale'> {
    const admission = await this.admit(token, { lua: '', signal: io.signal });
    return admission.ok ? 'raised' : 'stale';
  }

  /** Sets a key behind the fence. A rejection tells nothing: it may have been done. */
  set(token: FencingToken<Domain>, write: RedisWrite): Promise<RedisAdmission<Domain>> {
    requireOptions('RedisFence.set', write, WRITE_OPTIONS);
    const key = this.#requireOther('RedisFence.set key', write.key);
    const { value, signal } = write;
    return this.admit(token, {
      lua: `return redis.call('SET', KEYS[1], ARGV[1])`,
      keys: [key],
      args: [value],
      ...(signal && { signal }),
    });
  }

  /**
   * Runs your Lua behind the fence, in the same script as the comparison.
   *
   * @param token - The lease's, as it came with the grant.
   * @param effect - The script's text is trusted: never put data into it, pass `args`.
   * @throws TC_INVALID_ARGUMENT for what is no token or no effect. A rejection by the client tells nothing: it may have been done.
   */
  async admit(token: FencingToken<Domain>, effect: RedisEffect): Promise<RedisAdmission<Domain>> {
    requireOptions('RedisFence.admit', effect, EFFECT_OPTIONS);
    const { lua, keys = [], args = [], signal = new AbortController().signal } = effect;
    requireSignal('RedisFence.admit', signal);
    for (const key of keys) this.#requireOther('RedisFence.admit keys', key);
    const reply = await this.#run({
      script: fenced(lua),
      keys: [this.name, ...keys],
      args: [fencingToken<Domain>(token).toString(), ...args],
      signal,
    });
    return admissionOf(reply);
  }

  /** An effect on the fence's own key would lower it. */
  #requireOther(operation: string, key: unknown): string {
    if (key !== this.name) return requireText(operation, key);
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation}: requires a key other than the fence's own, got ${describeValue(key)}. Keep the fence in a key that nothing else writes.`,
    );
  }
}

function admissionOf<Domain extends string>(reply: unknown): RedisAdmission<Domain> {
  const [status, value] = Array.isArray(reply) ? (reply as readonly unknown[]) : [reply];
  if (String(status) === 'admitted') return { ok: true, value };
  if (String(status) === 'stale') return { ok: false, reason: 'stale', highest: fencingToken<Domain>(String(value)) };
  throw new Error(`RedisFence: requires the reply of its script, got ${describeValue(reply)}`);
}

function requireText(operation: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires a key, got ${describeValue(value)}. Pass a string.`,
  );
}
