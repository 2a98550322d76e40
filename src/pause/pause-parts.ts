/**
 * The additive breakdown of a gap: where every millisecond of it went.
 *
 * The counters overlap: throttling is counted inside the wait for a processor (Linux 6.12 and 6.18), stealing and freezing
 * inside the time off it, and a collection where the collector ran or was parked. Each millisecond is given once, to
 * the most telling counter, so that the parts sum to the gap.
 */
import { amount, type EvidenceView } from './evidence-view.ts';

/** Where the time of a pause went, in ms; the parts are never negative and sum to the length of the pause. */
export interface PauseParts {
  /** The main thread computed. */
  readonly onCpuMs: number;
  /** It collected garbage, on the processor or parked while V8's threads did. */
  readonly gcMs: number;
  /** It was ready and waited for a processor, for no counted reason. */
  readonly runqueueMs: number;
  /** It was ready and throttled by its control group. */
  readonly throttledMs: number;
  /** It was off the processor while the hypervisor gave processors away. */
  readonly stolenMs: number;
  /** It was frozen by its control group. */
  readonly frozenMs: number;
  /** The machine slept; the monotonic clock did not count it. */
  readonly suspendedMs: number;
  /** It was neither running nor ready, for no counted reason: stopped, or waiting in a call. */
  readonly offCpuMs: number;
  /** The counters that would tell were missing. */
  readonly unmeasuredMs: number;
}

/** Splits a gap. The three states are scaled to the gap when they overlap the interval before it. */
export function partsOf(view: EvidenceView): PauseParts {
  const { evidence, gapMs } = view;
  const scheduled = new Budget(gapMs);
  const onCpu = new Budget(scheduled.take(shareOfGap(view, view.onCpuMs)));
  const waiting = new Budget(scheduled.take(shareOfGap(view, view.waitMs)));
  const rest = new Budget(scheduled.leftMs);
  const isMeasured = view.offMs !== undefined;
  const frozenMs = rest.take(amount(evidence.frozenMs) ?? 0);
  const throttledMs = waiting.take(view.throttledMs ?? 0);
  const stolenMs = isMeasured ? rest.take(amount(evidence.stealMs) ?? 0) : 0;
  const collectedMs = view.gcMs ?? 0;
  const collectingMs = onCpu.take(collectedMs);
  const parkedMs = isMeasured ? rest.take(collectedMs - collectingMs) : 0;
  return {
    onCpuMs: onCpu.leftMs,
    gcMs: collectingMs + parkedMs,
    runqueueMs: waiting.leftMs,
    throttledMs,
    stolenMs,
    frozenMs,
    suspendedMs: view.suspendedMs,
    offCpuMs: isMeasured ? rest.leftMs : 0,
    unmeasuredMs: isMeasured ? 0 : rest.leftMs,
  };
}

/** Running and waiting may add up to more than the gap: some of it was before the wake-up was due. */
function shareOfGap(view: EvidenceView, partMs: number | undefined): number {
  if (partMs === undefined) return 0;
  const scheduledMs = (view.onCpuMs ?? 0) + (view.waitMs ?? 0);
  const totalMs = Math.max(view.spanMs, scheduledMs);
  return totalMs === 0 ? 0 : view.gapMs * (partMs / totalMs);
}

/** Time that can be given away once. */
class Budget {
  leftMs: number;

  constructor(totalMs: number) {
    this.leftMs = totalMs;
  }

  /** Takes what is wanted, as far as it is there. */
  take(wantedMs: number): number {
    const takenMs = Math.min(this.leftMs, Math.max(0, wantedMs));
    this.leftMs -= takenMs;
    return takenMs;
  }
}
