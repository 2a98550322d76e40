/**
 * A `TimeSource` on a `ManualClock` that does what the test says: tells the truth, lies, is silent, hangs, throws.
 *
 * The truth belongs to the world and not to any clock in it: it goes on in suspend and does not care about steps of the wall clock.
 */
import type { TimeScale } from '../../src/core/index.ts';
import type { SplitEpoch } from '../../src/sync/split-epoch.ts';
import type { Exchange, MeasureContext, MeasureOutcome, Pace, TimeSource } from '../../src/sync/time-source.ts';
import { ManualClock, type ManualClockOptions } from './manual-clock.ts';

/** A machine and the truth. */
export class World {
  readonly clock: ManualClock;
  /** True time minus boot time. */
  trueAheadMs: number;

  /** @param offsetMs - True time minus wall time at the start: positive is a slow wall clock. */
  constructor(offsetMs = 0, options: ManualClockOptions = {}) {
    // A power of two, so that readings are floored exactly.
    this.clock = new ManualClock({ ...options, granularity: { monotonicMs: 2 ** -10, ...options.granularity } });
    this.trueAheadMs = this.clock.wallAheadMs + this.clock.exactMonotonicMs - this.clock.exactBootMs + offsetMs;
  }

  /** True time, in epoch ms. */
  get trueMs(): number {
    return this.clock.exactBootMs + this.trueAheadMs;
  }

  /** A virtual machine is resumed: true time went on and no clock of its own did; the host set the wall clock right. */
  resumeSnapshot(forMs: number): void {
    this.trueAheadMs += forMs;
    this.clock.resumeSnapshot(forMs);
  }

  source(name: string, options: Partial<ScriptedOptions> = {}): ScriptedSource {
    return new ScriptedSource(this, name, options);
  }

  sources(...names: string[]): ScriptedSource[] {
    return names.map((name) => this.source(name));
  }
}

export interface ScriptedOptions {
  outMs: number;
  backMs: number;
  /** What is added to the truth. */
  lieMs: number;
  errorMs: number;
  leap: Exchange['leap'];
  server: string;
  /** `honest` answers after the delays (and may lie by `lieMs`). */
  behaviour: 'honest' | 'silent' | 'hangs' | 'throws' | 'rejects' | MeasureOutcome;
  timeScale: TimeScale;
  pace: Pace;
  /** Changes an exchange before it is given. */
  spoil: ((exchange: Exchange) => Exchange) | undefined;
}

export const QUICK_PACE: Pace = { burstCount: 3, burstSpacingMs: 100, pollMinMs: 1000, pollMaxMs: 4000 };

export class ScriptedSource implements TimeSource, ScriptedOptions {
  readonly name: string;
  readonly #world: World;
  outMs = 1;
  backMs = 2;
  lieMs = 0;
  errorMs = 0.5;
  leap: Exchange['leap'] = 'none';
  server: string;
  behaviour: ScriptedOptions['behaviour'] = 'honest';
  timeScale: TimeScale = 'utc';
  pace: Pace = QUICK_PACE;
  spoil: ScriptedOptions['spoil'];
  /** The monotonic readings at which it was asked. */
  readonly askedMs: number[] = [];
  underWay = 0;

  constructor(world: World, name: string, options: Partial<ScriptedOptions> = {}) {
    this.#world = world;
    this.name = name;
    this.server = `behind ${name}`;
    Object.assign(this, options);
  }

  measure(context: MeasureContext): Promise<MeasureOutcome> {
    this.askedMs.push(context.clock.monotonicMs());
    const { behaviour } = this;
    if (behaviour === 'throws') throw new Error('the source has a bug');
    if (behaviour === 'rejects') return Promise.reject(new Error('the source gave up'));
    if (behaviour === 'hangs') return new Promise(() => {});
    if (behaviour === 'silent')
      return this.#after(context.timeoutMs, () => ({ outcome: 'timeout', detail: 'no answer' }));
    if (typeof behaviour !== 'string') return Promise.resolve(behaviour);
    return this.#exchange(context);
  }

  #after(delayMs: number, outcome: () => MeasureOutcome): Promise<MeasureOutcome> {
    return new Promise((resolve) => {
      this.#world.clock.setTimer(() => resolve(outcome()), delayMs, { keepsAlive: false });
    });
  }

  async #exchange({ clock }: MeasureContext): Promise<MeasureOutcome> {
    const sentMs = clock.monotonicMs();
    this.underWay += 1;
    let stamp: SplitEpoch = { wholeMs: 0, fractionMs: 0 };
    await this.#after(this.outMs, () => {
      const toldMs = this.#world.trueMs + this.lieMs;
      stamp = { wholeMs: Math.floor(toldMs), fractionMs: toldMs - Math.floor(toldMs) };
      return { outcome: 'timeout', detail: '' };
    });
    await this.#after(this.backMs, () => ({ outcome: 'timeout', detail: '' }));
    this.underWay -= 1;
    const exchange: Exchange = {
      sentMs,
      serverReceived: stamp,
      serverSent: stamp,
      receivedMs: clock.monotonicMs(),
      sourceErrorMs: this.errorMs,
      server: this.server,
      stratum: 2,
      leap: this.leap,
    };
    return { outcome: 'measured', exchange: this.spoil?.(exchange) ?? exchange };
  }
}
