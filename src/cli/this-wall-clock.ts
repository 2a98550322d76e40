/**
 * This machine's wall clock as a time that servers can serve: continued on the monotonic clock, and the same for all of them.
 *
 * A wall reading is floored to the millisecond, and the process can be held up right after it: servers that each took their own
 * would disagree by milliseconds, and a demonstration of agreement would fail on a busy machine. Tick edges fix it to less than a microsecond.
 */
import { type ClockPort, midpointMs } from '../core/index.ts';
import { measureTickEdges, type SplitEpoch } from '../sync/index.ts';

/** Maps readings of the port's monotonic clock to the time of its wall clock, as it stands now. Blocks the thread for about 10 ms. */
export function followWallClock(port: ClockPort): (monotonicMs: number) => SplitEpoch {
  const edges = measureTickEdges(port);
  const relationMs = edges.result === 'measured' ? midpointMs(edges.relation) : port.wallMs() - port.monotonicMs();
  const wholeMs = Math.floor(relationMs);
  return (monotonicMs) => {
    const restMs = relationMs - wholeMs + monotonicMs;
    return { wholeMs: wholeMs + Math.floor(restMs), fractionMs: restMs - Math.floor(restMs) };
  };
}
