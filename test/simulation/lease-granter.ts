/**
 * The lock service of the simulation: the in-memory store on a node of its own, behind the simulated network. Its records survive a crash.
 */
import { createClock } from 'truechimer';
import type { Lease, LeaseStore, StoreIo } from 'truechimer/lease';
import { type MemoryCapabilities, MemoryLeaseStore, type MemoryLeaseRecord } from 'truechimer/stores/memory';
import type { SimNode, SimWorldCore } from '../../src/sim/index.ts';
import type { LeaseOracle, Process } from './lease-oracle.ts';

/** A store as holders see it. */
export type SimStore = LeaseStore<MemoryCapabilities, 'memory'>;

/** A lease of that store. */
export type SimLease = Lease<MemoryCapabilities, 'memory'>;

/** How the store decides, and how its clients behave. */
export interface GranterOptions {
  readonly expiry: 'server-ttl' | 'observer';
  /** The client goes on listening when nobody waits any more, as many clients do: late answers arrive. */
  readonly ignoresAborts: boolean;
}

/** The lock service on its node. */
export class Granter {
  readonly node: SimNode;
  readonly #world: SimWorldCore;
  readonly #options: GranterOptions;
  #store!: MemoryLeaseStore;

  constructor(world: SimWorldCore, node: SimNode, oracle: LeaseOracle, options: GranterOptions) {
    this.node = node;
    this.#world = world;
    this.#options = options;
    node.storage.set('records', oracle.records);
    node.start(() => {
      const records = node.storage.get('records') as Map<string, MemoryLeaseRecord>;
      this.#store = new MemoryLeaseStore({ clock: createClock(node), expiry: options.expiry, records });
    });
  }

  /** The store as one process reaches it. */
  clientOf(process: Process): SimStore {
    const remote = (): SimStore => this.#store.connect({ carry: this.#carrier(process) });
    const { kind, domain, capabilities } = this.#store;
    const io = (given: StoreIo): StoreIo =>
      this.#options.ignoresAborts ? { signal: new AbortController().signal } : given;
    return {
      kind,
      domain,
      capabilities,
      tryAcquire: (request, given) => remote().tryAcquire(request, io(given)),
      renew: (grant, request, given) => remote().renew(grant, request, io(given)),
      release: (grant, given) => remote().release(grant, io(given)),
    };
  }

  /** Something else that its node is asked to do: for broken stores. */
  ask<Answer>(process: Process, act: () => Answer): Promise<Answer> {
    const carry = this.#carrier(process);
    return new Promise((resolve) => {
      carry('request', () => {
        const answer = act();
        carry('reply', () => {
          resolve(answer);
        });
      });
    });
  }

  /** What is for a process that is gone is dropped; and it sends nothing. */
  #carrier({ node, incarnation }: Process): (direction: 'request' | 'reply', deliver: () => void) => void {
    const { network } = this.#world;
    const isThere = (): boolean => !node.isCrashed && node.incarnation === incarnation;
    return (direction, deliver) => {
      if (direction === 'request') {
        if (isThere()) network.send(node, this.node, deliver);
        return;
      }
      network.send(this.node, node, () => {
        if (isThere()) deliver();
      });
    };
  }
}

/** The same store, with the oracle told of what its client learns. */
export function watchedStore(store: SimStore, { node }: Process, oracle: LeaseOracle): SimStore {
  return {
    kind: store.kind,
    domain: store.domain,
    capabilities: store.capabilities,
    tryAcquire: async (request, io) => {
      const sentMs = node.monotonicMs();
      const answer = await store.tryAcquire(request, io);
      if (answer.status === 'granted') {
        oracle.acknowledged(request.holderId, sentMs);
        if (answer.token !== undefined) oracle.answeredGrant(request.holderId, answer.token);
      }
      return answer;
    },
    renew: async (grant, request, io) => {
      const sentMs = node.monotonicMs();
      const answer = await store.renew(grant, request, io);
      oracle.coverage.count(`renewals: ${answer}`);
      if (answer === 'renewed') oracle.acknowledged(grant.holderId, sentMs);
      else oracle.denied(grant.holderId);
      return answer;
    },
    release: (grant, io) => store.release(grant, io),
  };
}
