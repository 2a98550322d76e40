/**
 * What the clients are put through: paths, liars, refusals and garbage. In all of them the true offset is 0.
 */
import { measureTickEdges, type NtpServer, type SplitEpoch, systemClock } from 'truechimer';
import { originForged, randomDatagram, timesErased, truncated, withOneInTenLost } from './forgeries.ts';

type ServerOptions = NonNullable<Parameters<typeof NtpServer.listen>[0]>;

/** One scenario. */
export interface Scenario {
  readonly name: string;
  /** How many exchanges each client should make, in as many questions as it needs for that. */
  readonly exchanges: number;
  readonly roundsMin: number;
  readonly roundsMax: number;
  /** Servers for one client, with a state of their own. */
  readonly servers: () => readonly ServerOptions[];
}

/** Where nothing is random, one or two questions say it all. */
const FEW = { exchanges: 1, roundsMin: 2, roundsMax: 2 };
const ONCE = { exchanges: 1, roundsMin: 1, roundsMax: 1 };
const SOME = { exchanges: 20, roundsMin: 3, roundsMax: 5 };
const MANY = { exchanges: 40, roundsMin: 3, roundsMax: 20 };

const LIE_MS = 10_000;
const WRONG_MS = 5000;

/** All scenarios, in the order of the table. */
export function makeScenarios(): readonly Scenario[] {
  const timeAt = trueTime();
  const one =
    (options: ServerOptions = {}) =>
    (): readonly ServerOptions[] => [{ timeAt, ...options }];
  const wrong = { offsetMs: WRONG_MS };
  return [
    { name: '20 ms each way', ...SOME, servers: one({ delay: { outMs: 20, backMs: 20 } }) },
    { name: '5 ms out, 45 ms back', ...SOME, servers: one({ delay: { outMs: 5, backMs: 45 } }) },
    { name: 'jitter 0-30 ms', ...MANY, servers: one({ delay: { jitterMs: 30 } }) },
    {
      name: 'one datagram in ten lost',
      ...MANY,
      roundsMax: 12,
      servers: () => [{ timeAt, tamper: withOneInTenLost() }],
    },
    {
      name: 'one of four lies by +10 s',
      ...ONCE,
      roundsMin: 4,
      roundsMax: 4,
      servers: () => [0, 0, 0, LIE_MS].map((offsetMs) => ({ timeAt, offsetMs })),
    },
    { name: 'KoD RATE, times off by 5 s', ...FEW, servers: one({ ...wrong, kiss: 'RATE' }) },
    { name: 'KoD RATE, times of zero', ...FEW, servers: one({ kiss: 'RATE', tamper: timesErased }) },
    { name: 'unsynchronised, off by 5 s', ...FEW, servers: one({ ...wrong, leap: 3 }) },
    {
      name: 'forgery of wrong origin first',
      ...FEW,
      servers: one({ tamper: (reply) => [originForged(reply), reply] }),
    },
    { name: '20 bytes', ...FEW, servers: one({ tamper: (reply) => [truncated(reply)] }) },
    { name: '48 random bytes', ...FEW, servers: () => [{ timeAt, tamper: randomDatagram() }] },
    { name: '20 bytes first, then the reply', ...FEW, servers: one({ tamper: (reply) => [truncated(reply), reply] }) },
    { name: 'silence', ...ONCE, servers: one({ silent: true }) },
  ];
}

/** The wall clock, matched to `performance.now()` within about a microsecond: against it an offset of 0 is the truth. */
function trueTime(): (monotonicMs: number) => SplitEpoch {
  const edges = measureTickEdges(systemClock.port);
  if (edges.result !== 'measured') throw new Error(`the wall clock cannot be the truth here: ${edges.result}`);
  const { earliest, latest } = edges.relation;
  const baseMs = Math.floor(earliest);
  const restMs = earliest - baseMs + (latest - earliest) / 2;
  return (monotonicMs) => {
    const sinceBaseMs = monotonicMs + restMs;
    const wholeMs = Math.floor(sinceBaseMs);
    return { wholeMs: baseMs + wholeMs, fractionMs: sinceBaseMs - wholeMs };
  };
}
