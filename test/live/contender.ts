/**
 * One contender in a process of its own: waits for the lock, and while the library says that it may, asks and writes, asks and writes.
 *
 * It stops where stopping hurts most, between a check and its write. Its journal is a file that is written synchronously: what is in it has
 * happened, whatever becomes of the process.
 */
import { existsSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Belief, Rig, RigMaker } from './locker.ts';
import { type LiveRecord, machineMs } from './record.ts';

/** What a contender is told when it starts. */
export interface ContenderPlan {
  /** `A` or `B`. */
  readonly who: string;
  readonly rig: string;
  readonly lockUrl: string;
  readonly dataUrl: string;
  readonly name: string;
  readonly ttlMs: number;
  readonly journal: string;
  /** How long it reads before it writes for the first time under a lock, in ms. */
  readonly readsMs: number;
}

/** What it is told while it runs. */
export type Command =
  /** Contend. */
  | { readonly do: 'go' }
  /** Stop yourself (SIGSTOP) between the next check and its write. */
  | { readonly do: 'pause' }
  /** Block the event loop between the next check and its write until this file is there. */
  | { readonly do: 'block'; readonly until: string }
  /** Ask no more, and go on until the signal is aborted: whoever does not check is told all the same. */
  | { readonly do: 'trust-signal' }
  /** Write with the token that was lost, without asking. */
  | { readonly do: 'careless' }
  /** Give the lock back, and contend no more. */
  | { readonly do: 'release' };

type Outcome = Extract<LiveRecord, { kind: 'write' }>['outcome'];

/** No contender outlives this, whatever its parent does. */
const LIFE_MAX_MS = 300_000;
/** Between two writes. */
const PACE_MS = 8;
/** Between two looks at the signal. */
const LOOK_MS = 5;
const CARELESS_WRITES = 3;

/** Runs until its parent is gone. */
export async function runContender(rigs: Readonly<Record<string, RigMaker>>): Promise<void> {
  setTimeout(() => process.exit(3), LIFE_MAX_MS);
  process.once('disconnect', () => process.exit(0));
  const plan = JSON.parse(process.argv[2] ?? '') as ContenderPlan;
  const make = rigs[plan.rig];
  if (make === undefined) throw new Error(`no rig ${plan.rig}`);
  const contender = new Contender(plan, await make(plan));
  process.on('message', (command) => contender.obey(command as Command));
  process.send?.('ready');
}

class Contender {
  readonly #plan: ContenderPlan;
  readonly #rig: Rig;
  readonly #journal: number;
  readonly #released = new AbortController();
  #act: Command | undefined;
  #lost: { readonly acquisition: string; readonly token: bigint | undefined } | undefined;
  #trustsSignal = false;
  /** Until when the library has said that the lock may be used; before that a signal has nothing to say. */
  #windowEndMs = Infinity;
  #count = 0;

  constructor(plan: ContenderPlan, rig: Rig) {
    this.#plan = plan;
    this.#rig = rig;
    this.#journal = openSync(plan.journal, 'a');
  }

  obey(command: Command): void {
    if (command.do === 'go') void this.#contend();
    else if (command.do === 'release') this.#released.abort(new Error('told to release'));
    else if (command.do === 'careless') void this.#writeCarelessly();
    else if (command.do === 'trust-signal') this.#trustsSignal = true;
    else this.#act = command;
  }

  #write(record: LiveRecord): void {
    writeSync(this.#journal, `${JSON.stringify(record)}\n`);
  }

  async #contend(): Promise<void> {
    const { signal } = this.#released;
    while (!signal.aborted) {
      this.#count += 1;
      const acquisition = `${this.#plan.who}${this.#count}`;
      const trouble = (what: string): void => {
        this.#write({ kind: 'trouble', acquisition, atMs: machineMs(), what });
      };
      let grantedMs: number | undefined;
      try {
        const belief = await this.#rig.locker.acquire(signal, {
          granted: (remainingMs) => {
            grantedMs = remainingMs;
            this.#windowEndMs = machineMs() + remainingMs;
          },
          renewed: (remainingMs) => {
            this.#windowEndMs = machineMs() + remainingMs;
            this.#write({ kind: 'renewed', acquisition, atMs: machineMs(), remainingMs });
          },
          trouble,
        });
        if (belief === undefined) continue;
        const { token } = belief;
        this.#write({
          kind: 'acquired',
          acquisition,
          atMs: machineMs(),
          ...(token !== undefined && { token: String(token) }),
          ...(grantedMs !== undefined && { remainingMs: grantedMs }),
        });
        await this.#hold(acquisition, belief);
      } catch (error) {
        if (!signal.aborted) trouble(String(error));
        await delay(PACE_MS);
      }
    }
  }

  async #hold(acquisition: string, belief: Belief): Promise<void> {
    this.#lookAtSignal(acquisition, belief);
    try {
      await delay(this.#plan.readsMs);
      while (!this.#released.signal.aborted) {
        if (this.#trustsSignal) await this.#trustSignal(acquisition, belief);
        const startMs = machineMs();
        const verdict = belief.check();
        const reason = verdict.ok ? {} : { reason: verdict.reason };
        this.#write({ kind: 'check', acquisition, startMs, ok: verdict.ok, ...reason });
        if (verdict.ok) {
          this.#stopIfTold(acquisition);
          await this.#append(acquisition, belief.token, false);
        } else if (verdict.isFinal) {
          // The first of several: whatever came after it is newer.
          this.#lost ??= { acquisition, token: belief.token };
          this.#write({ kind: 'lost', acquisition, atMs: machineMs(), reason: verdict.reason });
          return;
        }
        await delay(PACE_MS);
      }
      this.#write({ kind: 'released', acquisition, atMs: machineMs() });
    } finally {
      await belief.release();
    }
  }

  /** Until it is told that the lease is lost. */
  async #trustSignal(acquisition: string, belief: Belief): Promise<void> {
    this.#write({ kind: 'trusting', acquisition, atMs: machineMs() });
    while (belief.isAborted?.() === false && !this.#released.signal.aborted) await delay(PACE_MS);
    this.#trustsSignal = false;
  }

  /**
   * Writes down when the signal is aborted, and every whole turn of the event loop, its timers included, after which it is not though the
   * window is over.
   */
  #lookAtSignal(acquisition: string, belief: Belief): void {
    const { isAborted } = belief;
    if (isAborted === undefined) return;
    const look = (previousMs: number): void => {
      const aborted = isAborted();
      if (aborted) clearInterval(looking);
      if (!aborted && previousMs < this.#windowEndMs) return;
      this.#write({ kind: 'turn', acquisition, previousMs, startMs: machineMs(), aborted });
    };
    const looking = setInterval(() => {
      const previousMs = machineMs();
      // Whatever timer is due now has fired when the immediate runs.
      setTimeout(() => setImmediate(look, previousMs), 1);
    }, LOOK_MS);
  }

  #stopIfTold(acquisition: string): void {
    const act = this.#act;
    if (act === undefined) return;
    this.#act = undefined;
    this.#write({ kind: 'pausing', acquisition, atMs: machineMs() });
    if (act.do === 'pause') process.kill(process.pid, 'SIGSTOP');
    if (act.do === 'block') {
      const still = new Int32Array(new SharedArrayBuffer(4));
      while (!existsSync(act.until)) Atomics.wait(still, 0, 0, 5);
    }
    this.#write({ kind: 'resumed', acquisition, atMs: machineMs() });
  }

  async #writeCarelessly(): Promise<void> {
    const lost = this.#lost;
    if (lost === undefined) return;
    for (let answered = 0; answered < CARELESS_WRITES;) {
      if ((await this.#append(lost.acquisition, lost.token, true)) === 'failed') await delay(PACE_MS);
      else answered += 1;
    }
  }

  async #append(acquisition: string, token: bigint | undefined, careless: boolean): Promise<Outcome> {
    const startMs = machineMs();
    const entry = JSON.stringify({ acquisition, ...(token !== undefined && { token: String(token) }) });
    let outcome: Outcome;
    try {
      outcome = await this.#rig.store.write(entry, token);
    } catch (error) {
      outcome = 'failed';
      this.#write({ kind: 'trouble', acquisition, atMs: machineMs(), what: `write: ${String(error)}` });
    }
    this.#write({ kind: 'write', acquisition, startMs, endMs: machineMs(), careless, outcome });
    return outcome;
  }
}
