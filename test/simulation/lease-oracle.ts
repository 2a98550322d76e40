/**
 * What a simulation of leases is judged by, in true time: it sees every grant as the granter makes it, every answer of a check, and every
 * effect as the storage has it. No code under test sees any of it.
 */
import { Coverage, type SimNode, type SimWorldCore } from '../../src/sim/index.ts';
import type { SimLease } from './lease-granter.ts';
import { type GrantLog, watchedRecords } from './lease-grants.ts';

/** What must never happen. */
export type Violation =
  /** A check said yes after a later grant of the same name had been made. */
  | 'unsafe check'
  /** A check said yes after the lease was over, or after the store had said no. */
  | 'resurrected'
  /** The storage accepted a lower token after a higher one. */
  | 'order inversion'
  /** The storage accepted a lower token than one that had been raised. */
  | 'stale after raise'
  /** A lease was handed out before the storage knew of its token. */
  | 'not raised'
  /** Tokens are not in the order of the grants, or two leases have the same one. */
  | 'token order'
  /** A lease was handed out that was over already. */
  | 'late on return'
  /** The signal was not aborted when the window had ended on a node that runs. */
  | 'late notice'
  /** An act that the lease waits for had its effect after the lease was given back. */
  | 'act after release'
  /** A program failed where it must not. */
  | 'program';

/** A process: one incarnation of a node. */
export interface Process {
  readonly node: SimNode;
  readonly incarnation: number;
}

/** A lease in somebody's hands. */
export interface HeldLease {
  readonly lease: SimLease;
  readonly process: Process;
  readonly token: bigint;
  /** True time when it was asked for. */
  readonly askedMs: number;
  readonly ttlMs: number;
  isOver: boolean;
  /** How often it was asked since it is over. */
  refusals: number;
}

/** What the holder's clock must not pass without the signal: for each holder the last acknowledged stamp, plus the window. */
export interface NoticeRule {
  /** No correct window is longer, for a time to live. */
  readonly windowMs: (ttlMs: number) => number;
  readonly slackMs: number;
}

/** How often a lease that is over is asked whether it has come back. */
const REFUSALS_MAX = 12;

/** Who only counts or watches waits longer than this share of the time to live, whatever its clock's rate: what is sooner was by UTC. */
const SOONER_SHARE = 0.96;

/** The judge of one world. */
export class LeaseOracle {
  readonly coverage: Coverage = new Coverage();
  readonly violations: { readonly kind: Violation; readonly detail: string }[] = [];
  readonly records: GrantLog;
  readonly #world: SimWorldCore;
  #held: HeldLease[] = [];
  readonly #ackedMs = new Map<string, number>();
  /** Who was told by the store that its grant is not there any more. */
  readonly #denied = new Set<string>();
  readonly #answered: { readonly at: number; readonly token: bigint }[] = [];
  readonly #handedOut = new Set<bigint>();
  readonly #released = new Set<bigint>();
  readonly #vmStops = new Map<string, { readonly fromMs: number; readonly toMs: number }[]>();
  #highestAccepted = 0n;
  #highestRaised = 0n;

  constructor(world: SimWorldCore) {
    this.#world = world;
    this.records = watchedRecords({
      nowMs: () => world.nowMs,
      granted: (token, replaced) => {
        if (replaced !== undefined) this.coverage.count('takeovers');
        if (replaced !== undefined && replaced.unchangedMs < SOONER_SHARE * replaced.ttlMs) {
          this.coverage.count('takeovers sooner than watching allows');
        }
        this.#granted(token);
      },
      freed: (token) => {
        this.coverage.count('freed');
        this.#released.add(token);
      },
      broken: (detail) => {
        this.violate('token order', detail);
      },
    });
  }

  violate(kind: Violation, detail: string): void {
    this.coverage.count(`violation: ${kind}`);
    this.violations.push({ kind, detail: `${detail}, at ${this.#world.nowMs} ms` });
  }

  /** A stopped virtual machine is what no clock inside can see: only the fence is asserted for who slept through one. */
  stopsVm(node: string, span: { readonly fromMs: number; readonly toMs: number }): void {
    const spans = this.#vmStops.get(node) ?? [];
    spans.push(span);
    this.#vmStops.set(node, spans);
  }

  /** The highest token that was granted. */
  get newest(): bigint {
    return this.records.newest;
  }

  #granted(token: bigint): void {
    this.coverage.count('grants');
    if (this.#held.some((held) => !held.isOver && held.token < token && !isGone(held.process))) {
      this.coverage.count('grants over a holder that has not noticed');
    }
    // In an event of its own: what the holders do about it is not part of the granter's step.
    this.#world.after(0, () => {
      this.probe();
    });
  }

  /** Asks every holder now, and whoever stands still at its first instruction afterwards. */
  probe(): void {
    for (const held of [...this.#held]) this.#probeOne(held);
  }

  #probeOne(held: HeldLease): void {
    const { node } = held.process;
    if (isGone(held.process) || held.refusals >= REFUSALS_MAX) return;
    if (node.isRunning) {
      this.checked(held, held.lease.check());
      return;
    }
    this.coverage.count('probes put off: the node stands still');
    this.#world.after(Math.max(0, node.runsFromMs - this.#world.nowMs), () => {
      if (!isGone(held.process) && node.isRunning) this.checked(held, held.lease.check());
    });
  }

  /** The answer to a request to acquire is here. */
  answeredGrant(holderId: string, token: bigint): void {
    const at = this.records.grantIndexOf(holderId);
    if (at === undefined) return;
    const wrong = this.#answered.find((other) => other.at !== at && other.at < at !== other.token < token);
    if (wrong !== undefined) {
      this.violate('token order', `grant ${at} has token ${token}, grant ${wrong.at} has ${wrong.token}`);
    }
    this.#answered.push({ at, token });
  }

  /** A request that was sent at this reading of the node's monotonic clock was acknowledged. */
  acknowledged(holderId: string, sentMs: number): void {
    this.#ackedMs.set(holderId, Math.max(sentMs, this.#ackedMs.get(holderId) ?? -Infinity));
  }

  /** The store has answered that this holder's grant is gone. */
  denied(holderId: string): void {
    this.#denied.add(holderId);
  }

  /** `acquire` has returned a lease. */
  handedOut(lease: SimLease, process: Process, asked: { readonly atMs: number; readonly ttlMs: number }): HeldLease {
    const { token } = lease;
    const held = { lease, process, token, askedMs: asked.atMs, ttlMs: asked.ttlMs, isOver: false, refusals: 0 };
    this.coverage.count('leases');
    if (this.#handedOut.has(token)) this.violate('token order', `two leases with the token ${token}`);
    this.#handedOut.add(token);
    if (token > this.#highestRaised) this.violate('not raised', `token ${token}, raised ${this.#highestRaised}`);
    const verdict = lease.check();
    if (!verdict.ok) this.violate('late on return', `token ${token}: ${verdict.reason}`);
    lease.signal.addEventListener('abort', () => {
      this.coverage.count(`ended: ${reasonOf(lease.signal)}`);
    });
    this.#held.push(held);
    this.#held = this.#held.filter((other) => other.refusals < REFUSALS_MAX && !isGone(other.process));
    this.checked(held, verdict);
    return held;
  }

  /** A check has answered. */
  checked(held: HeldLease, verdict: ReturnType<SimLease['check']>): void {
    const { lease, token } = held;
    if (!verdict.ok) {
      this.coverage.count(`refused: ${verdict.reason}`);
      held.isOver ||= lease.signal.aborted || ['expired', 'lost', 'released'].includes(verdict.reason);
      if (held.isOver) held.refusals += 1;
      return;
    }
    this.coverage.count('checks ok');
    if (held.isOver || lease.signal.aborted || this.#denied.has(lease.holderId))
      this.violate('resurrected', `token ${token}`);
    if (token >= this.newest) return;
    if (this.#sleptUnseen(held)) this.coverage.count('unsafe, behind a stopped virtual machine');
    else this.violate('unsafe check', `token ${token} on ${held.process.node.name}, ${this.newest} is granted`);
  }

  #sleptUnseen({ process, askedMs }: HeldLease): boolean {
    const spans = this.#vmStops.get(process.node.name) ?? [];
    return spans.some(({ fromMs, toMs }) => fromMs <= this.#world.nowMs && toMs >= askedMs);
  }

  /** A write leaves its process. */
  sends(token: bigint): void {
    this.coverage.count('writes sent');
    if (token < this.newest) this.coverage.count('writes sent behind a successor');
  }

  /** A write is here for the first time; without a fence it would have its effect now. */
  arrived(token: bigint, isGuarded: boolean): void {
    this.coverage.count('writes arrived');
    if (token < this.newest) this.coverage.count('unfenced: stale writes');
    if (isGuarded && this.#released.has(token)) this.violate('act after release', `token ${token}`);
  }

  raised(token: bigint): void {
    this.coverage.count('raised');
    if (token > this.#highestRaised) this.#highestRaised = token;
  }

  accepted(token: bigint): void {
    this.coverage.count('writes accepted');
    if (token < this.newest) this.coverage.count('accepted before the successor had raised');
    if (token < this.#highestAccepted) this.violate('order inversion', `${token} after ${this.#highestAccepted}`);
    if (token < this.#highestRaised) this.violate('stale after raise', `${token}, raised ${this.#highestRaised}`);
    if (token > this.#highestAccepted) this.#highestAccepted = token;
  }

  /** Every lease whose window has ended on a node that runs must have aborted its signal. */
  requireNotices({ windowMs, slackMs }: NoticeRule): void {
    for (const { lease, process, token, ttlMs } of this.#held) {
      const { node } = process;
      const ackedMs = this.#ackedMs.get(lease.holderId);
      if (isGone(process) || !node.isRunning || lease.signal.aborted || ackedMs === undefined) continue;
      this.coverage.count('notices looked for');
      const overdueMs = node.monotonicMs() - ackedMs - windowMs(ttlMs);
      if (overdueMs > slackMs + 2 * node.granularity.monotonicMs) {
        this.violate('late notice', `token ${token}, ${overdueMs} ms after the end of the window`);
      }
    }
  }
}

function isGone({ node, incarnation }: Process): boolean {
  return node.isCrashed || node.incarnation !== incarnation;
}

function reasonOf(signal: AbortSignal): string {
  const { details } = signal.reason as { readonly details?: { readonly reason?: string } };
  return details?.reason ?? 'unknown';
}
