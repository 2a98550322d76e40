/**
 * The bounded clock that services start: the pure core on the machine's clocks, with NTP addresses and diagnostics.
 */
import {
  type Clock,
  ClockError,
  describeValue,
  optionNames,
  requireDurationMs,
  requireOptions,
} from '../core/index.ts';
import {
  BoundedClockCore,
  type BoundedClockOptions,
  parseNtpAddress,
  type TimeSource,
  BOUNDED_CLOCK_OPTIONS,
} from '../sync/index.ts';
import { publishDiagnostics } from './diagnostics.ts';
import { ntp } from './ntp.ts';
import { systemClock } from './system-clock.ts';

/** How long `BoundedClock.start` waits for the first bound when nothing is said, in ms. */
export const START_WAIT_MS_DEFAULT = 10_000;

/** Options of `BoundedClock.start`. */
export interface StartOptions extends Omit<BoundedClockOptions, 'sources'> {
  /**
   * Whom to ask: NTP addresses (`'time.example.net'`, `'192.0.2.1:123'`, `'[2001:db8::1]:123'`) or time sources. Use four or more, of
   * different operators: three survive one liar only while all three answer.
   */
  readonly sources: readonly (string | TimeSource)[];
  /** The clock to run on; a simulated one in tests. Default: `systemClock`. */
  readonly clock?: Clock;
  /**
   * How long to wait for the first bound, in ms, 0 to 600 000. Default 10 000. The clock is returned in any case, and says
   * itself whether it is bounded: a service must be able to start while its network is down.
   */
  readonly waitMs?: number;
}

/**
 * A clock that answers with an interval that contains the true time, or says that it cannot.
 *
 * Guarantee G1: while the premises hold (drift bound, at most f lying sources), the true time at the moment of `now()` is in
 * `[earliest, latest]`. What voids it is listed in `docs/guarantees.md`.
 *
 * @example
 * ```ts
 * import { BoundedClock, NtpServer } from 'truechimer';
 *
 * const server = await NtpServer.listen(); // a real one, for trying out: use your own servers' addresses instead
 * const clock = await BoundedClock.start({ sources: [server.address] });
 * const now = clock.now();
 * if (now.status === 'bounded') console.log(`between ${now.earliest} and ${now.latest}`);
 * else console.log(`nobody knows: ${now.reason}`);
 * clock.stop();
 * await server.close();
 * ```
 */
export class BoundedClock extends BoundedClockCore {
  private constructor(options: StartOptions) {
    const { clock = systemClock, waitMs, ...settings } = options;
    const given: unknown = settings.sources;
    super(requireClock(clock).port, {
      ...settings,
      random: settings.random ?? Math.random,
      sources: Array.isArray(given) ? Array.from(given, toSource) : (given as readonly TimeSource[]),
    });
    publishDiagnostics(this);
  }

  /**
   * Starts a clock and waits for its first bound.
   *
   * Resolves as soon as the clock is bounded, or every source has failed in a way that waiting does not mend (no such name, closed port,
   * refused), or `waitMs` have passed. Network trouble never rejects: look at `now().status`, or await `ready()`.
   *
   * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_MIXED_TIME_SCALES for options that cannot be
   * right, misspelt ones included.
   */
  static async start(options: StartOptions): Promise<BoundedClock> {
    const given = requireStartOptions(options);
    const clock = new BoundedClock(given);
    const limit = (given.clock ?? systemClock).monotonic.deadline(given.waitMs ?? START_WAIT_MS_DEFAULT);
    while (clock.now().status === 'unbounded' && !clock.everySourceFailed && !limit.passed) {
      await clock.nextChange(limit.remainingMs());
    }
    return clock;
  }

  /**
   * Starts a clock and returns at once: `now()` is unbounded (`synchronizing`) until the first measurements are in.
   *
   * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_MIXED_TIME_SCALES for options that cannot be right.
   */
  static startWithoutWaiting(options: StartOptions): BoundedClock {
    return new BoundedClock(requireStartOptions(options));
  }
}

const OPERATION = 'BoundedClock.start';

type OwnOptions = Omit<StartOptions, keyof BoundedClockOptions>;

const START_OPTIONS = [...BOUNDED_CLOCK_OPTIONS, ...optionNames<OwnOptions>({ clock: true, waitMs: true })];

/** Checks what the core does not know of; without options, the core says that there are no sources. */
function requireStartOptions(options: StartOptions): StartOptions {
  requireOptions(OPERATION, options, START_OPTIONS);
  const given = (options as StartOptions | undefined) ?? ({} as StartOptions);
  if (given.waitMs !== undefined) requireDurationMs(`${OPERATION} waitMs`, given.waitMs, { maxMs: 600_000 });
  return given;
}

function requireClock(clock: Clock): Clock {
  const given: unknown = clock;
  const isClock = typeof given === 'object' && given !== null && 'port' in given && 'monotonic' in given;
  if (isClock) return clock;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${OPERATION} clock: requires a clock, got ${describeValue(given)}. Pass one that createClock(port) made, or leave it out.`,
  );
}

/** Whatever else was given is refused by the core, which checks every source. */
function toSource(source: string | TimeSource, index: number): TimeSource {
  if (typeof source !== 'string') return source;
  parseNtpAddress(source, `${OPERATION} sources[${index}]`);
  return ntp(source);
}
