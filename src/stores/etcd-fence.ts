/**
 * The storage's half of fencing, for data that lives in etcd: the highest token seen, compared in the same transaction.
 */
import { ClockError, describeValue, optionNames, requireOptions } from '../core/index.ts';
import { fencingToken, type Fence, type FencingToken, type StoreIo } from '../lease/index.ts';
import { ETCD_CONNECTION_OPTIONS, type EtcdConnection, EtcdGateway } from './etcd-gateway.ts';
import { firstAt, integerAt, objectAt, paddedToken, textAt, toBase64 } from './etcd-json.ts';
import type { StaleToken } from './stale-token.ts';

/** Where the fence is. */
export interface EtcdFenceOptions extends EtcdConnection {
  /** The key that keeps the highest token seen. Nothing else may write to it. */
  readonly key: string;
}

/** One write behind the fence. */
export type EtcdWrite = { readonly put: string; readonly value: string } | { readonly delete: string };

/** What to do behind the fence. */
export interface EtcdEffect {
  /** Each key once; etcd allows 127 beside the fence (`--max-txn-ops`). */
  readonly writes: readonly EtcdWrite[];
  readonly signal?: AbortSignal;
}

/** What came of an effect. */
export type EtcdAdmission<Domain extends string = string> =
  | {
      readonly ok: true;
      /** The revision in which it was done. */
      readonly revision: bigint;
    }
  | StaleToken<Domain>;

const OPTIONS = [...ETCD_CONNECTION_OPTIONS, 'key'];
const EFFECT_OPTIONS = optionNames<EtcdEffect>({ writes: true, signal: true });

/**
 * Lets nobody write to your data in etcd who holds an older lease than one that has been here.
 *
 * A token is admitted when it is at least the highest seen; it is remembered, and the writes are done, in one transaction of the cluster.
 * No clock is involved.
 *
 * Guarantee: after `raise(k)` no effect under a lower token takes place, for as long as the cluster keeps what it has acknowledged. Void:
 * for writers that do not pass the fence, when the key is deleted or written by others, and when a cluster is restored from an older
 * snapshot.
 *
 * Least privilege: a role with `readwrite` on the fence's key and on the keys behind it.
 *
 * @throws TC_INVALID_ARGUMENT for options that cannot be right.
 */
export class EtcdFence<Domain extends string = 'etcd'> implements Fence<Domain> {
  /** The fence's key. */
  readonly name: string;
  readonly #gateway: EtcdGateway;

  constructor(options: EtcdFenceOptions) {
    requireOptions('new EtcdFence', options, OPTIONS);
    this.#gateway = new EtcdGateway('new EtcdFence', options);
    this.name = requireKey('new EtcdFence key', options.key);
  }

  /** Lets the fence know of this token; `stale` when it has seen a higher one. A rejection tells nothing. */
  async raise(token: FencingToken<Domain>, io: StoreIo): Promise<'raised' | 'stale'> {
    const admission = await this.admit(token, { writes: [], signal: io.signal });
    return admission.ok ? 'raised' : 'stale';
  }

  /**
   * Writes behind the fence: all of it, or nothing when the token is stale.
   *
   * @param token - The lease's, as it came with the grant, from any store.
   * @throws TC_INVALID_ARGUMENT for what is no token or no effect. Any other rejection tells nothing: it may have been done.
   */
  async admit(token: FencingToken<Domain>, effect: EtcdEffect): Promise<EtcdAdmission<Domain>> {
    requireOptions('EtcdFence.admit', effect, EFFECT_OPTIONS);
    for (const write of effect.writes) this.#requireOther('put' in write ? write.put : write.delete);
    const key = toBase64(this.name);
    const value = toBase64(paddedToken(fencingToken<Domain>(token)));
    const answer = await this.#gateway.post(
      '/v3/kv/txn',
      {
        // A comparison with the value of a missing key is always false, so this way round a new fence admits.
        compare: [{ key, target: 'VALUE', result: 'GREATER', value }],
        success: [{ request_range: { key } }],
        failure: [{ request_put: { key, value } }, ...effect.writes.map(operationOf)],
      },
      effect.signal ?? new AbortController().signal,
    );
    if (answer['succeeded'] !== true) {
      return { ok: true, revision: integerAt(objectAt(answer, 'header'), 'revision') };
    }
    const range = objectAt(firstAt(answer, 'responses') ?? {}, 'response_range');
    return { ok: false, reason: 'stale', highest: highestOf<Domain>(textAt(firstAt(range, 'kvs') ?? {}, 'value')) };
  }

  /** A write to the fence's own key would lower it; etcd refuses it too, in words that do not say why. */
  #requireOther(key: unknown): void {
    if (key !== this.name) return;
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `EtcdFence.admit writes: requires keys other than the fence's own, got ${describeValue(key)}. ` +
        'Keep the fence in a key that nothing else writes.',
    );
  }
}

function operationOf(write: EtcdWrite): object {
  if ('put' in write) {
    const key = requireKey('EtcdFence.admit put', write.put);
    if (typeof write.value === 'string') return { request_put: { key: toBase64(key), value: toBase64(write.value) } };
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `EtcdFence.admit value: requires text, got ${describeValue(write.value)}. Pass a string.`,
    );
  }
  return { request_delete_range: { key: toBase64(requireKey('EtcdFence.admit delete', write.delete)) } };
}

function highestOf<Domain extends string>(text: string): FencingToken<Domain> {
  if (/^\d{19}$/.test(text)) return fencingToken<Domain>(text);
  throw new Error(`EtcdFence: requires a token of 19 digits in the fence's key, got ${describeValue(text)}`);
}

function requireKey(operation: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires a key, got ${describeValue(value)}. Pass a string.`,
  );
}
