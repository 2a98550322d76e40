/**
 * The protected storage of the simulation: a fence that survives a crash, and beside it what would have happened without one.
 */
import { type Fence, FenceGate, type FencingToken } from 'truechimer/lease';
import type { SimNode, SimWorldCore } from '../../src/sim/index.ts';
import type { LeaseOracle, Process } from './lease-oracle.ts';

/** The domain of the in-memory store's tokens. */
export type Domain = 'memory';

/** One write. */
export interface Write {
  readonly token: FencingToken<Domain>;
  /** Its number within the token: only guarded acts have one. */
  readonly sequence?: number;
}

/** What the storage says to a write. */
export type WriteAnswer = 'accepted' | 'stale' | 'duplicate';

/** The storage on its node. */
export class ProtectedStorage {
  readonly node: SimNode;
  readonly #world: SimWorldCore;
  readonly #oracle: LeaseOracle;
  /** Every write that has arrived, by identity: a copy is not a second effect. */
  readonly #seen = new Set<Write>();
  #gate = new FenceGate<Domain>();

  /** `forgets`: the highest token is lost in a crash, which no storage may do. */
  constructor(world: SimWorldCore, node: SimNode, oracle: LeaseOracle, { forgets }: { readonly forgets: boolean }) {
    this.node = node;
    this.#world = world;
    this.#oracle = oracle;
    node.start(() => {
      const highest = node.storage.get('highest') as FencingToken<Domain> | undefined;
      this.#gate = new FenceGate<Domain>(highest === undefined || forgets ? {} : { highest });
    });
  }

  /** The fence as one process reaches it. */
  fenceFor(process: Process): Fence<Domain> {
    return { name: 'storage', raise: (token, io) => this.#call(process, () => this.#raise(token), io.signal) };
  }

  /** Writes, from one process; no answer within `limitMs` rejects. */
  write(process: Process, write: Write, limitMs: number): Promise<WriteAnswer> {
    this.#oracle.sends(write.token);
    return this.#call(process, () => this.#apply(write), undefined, limitMs);
  }

  #raise(token: FencingToken<Domain>): 'raised' | 'stale' {
    const answer = this.#gate.raiseNow(token);
    this.#keep();
    if (answer === 'raised') this.#oracle.raised(token);
    return answer;
  }

  #apply(write: Write): WriteAnswer {
    const { token, sequence } = write;
    if (!this.#seen.has(write)) this.#oracle.arrived(token, sequence !== undefined);
    this.#seen.add(write);
    const options = sequence === undefined ? {} : { sequence };
    const admission = this.#gate.admit(
      token,
      () => {
        this.#oracle.accepted(token);
      },
      options,
    );
    this.#keep();
    if (admission.ok) return 'accepted';
    this.#oracle.coverage.count(`writes refused: ${admission.reason}`);
    return admission.reason;
  }

  /** In the same step as the effect. */
  #keep(): void {
    this.node.storage.set('highest', this.#gate.highest);
  }

  #call<Answer>(
    { node, incarnation }: Process,
    act: () => Answer,
    signal: AbortSignal | undefined,
    limitMs?: number,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { network } = this.#world;
      signal?.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      const giveUp = (): void => {
        reject(new Error('the storage gave no answer'));
      };
      const timer = limitMs === undefined ? undefined : node.setTimer(giveUp, limitMs, { keepsAlive: true });
      network.send(node, this.node, () => {
        const answer = act();
        network.send(this.node, node, () => {
          if (node.incarnation !== incarnation) return;
          timer?.cancel();
          resolve(answer);
        });
      });
    });
  }
}
