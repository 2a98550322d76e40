/** What the tests of the NTP source share: a source over a scripted transport and a clock that is advanced by hand. */
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { NtpSource, type NtpSourceOptions } from './ntp-source.ts';
import type { MeasureOutcome } from './time-source.ts';

export interface SourceUnderTest {
  readonly clock: ManualClock;
  readonly transport: ScriptedTransport;
  readonly source: NtpSource;
  readonly abort: AbortController;
  readonly measure: () => Promise<MeasureOutcome>;
  readonly measureTimes: (times: number) => Promise<MeasureOutcome[]>;
}

/** The time limit of every measurement, in ms. */
export const TIMEOUT_MS = 1000;

/** A source over a scripted transport, and how to measure with it. */
export function setUp(options: Partial<NtpSourceOptions> = {}): SourceUnderTest {
  const clock = new ManualClock({ granularity: { monotonicMs: 0.5 } });
  const transport = new ScriptedTransport(clock);
  const source = new NtpSource(transport, { host: 'time.example.net', ...options });
  const abort = new AbortController();
  /** Measures; whatever happens, it must have settled after its time limit and the tenth of a second for the transport. */
  const measure = async (): Promise<MeasureOutcome> => {
    let outcome: MeasureOutcome | undefined;
    void source.measure({ clock, timeoutMs: TIMEOUT_MS, signal: abort.signal }).then((settled) => {
      outcome = settled;
    });
    for (let waitedMs = 0; waitedMs <= TIMEOUT_MS + 100 && outcome === undefined; waitedMs += 10) await clock.run(10);
    if (outcome === undefined) throw new Error('measure() hangs');
    return outcome;
  };
  const measureTimes = async (times: number): Promise<MeasureOutcome[]> => {
    const outcomes: MeasureOutcome[] = [];
    for (let count = 0; count < times; count += 1) outcomes.push(await measure());
    return outcomes;
  };
  return { clock, transport, source, abort, measure, measureTimes };
}

/** Which addresses were asked, in order. */
export function ips(transport: ScriptedTransport): readonly string[] {
  return transport.asked.map(({ ip }) => ip);
}
