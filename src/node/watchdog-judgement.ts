/**
 * Blocked, or stopped? What the watchdog concludes from the age of the last beat and from its own lateness.
 *
 * A process that is stopped, frozen or suspended stops both threads: the beat is old, but the watchdog could not look either. Comparing the
 * beat alone calls every SIGSTOP a block. So a block is named only when all of this holds:
 *
 * - The beat is older than the limit, counted from the watchdog's own last silence if that is later.
 * - Two looks shortly after one another agree, and the second was on time: after a stop both threads wake together, and the main thread
 *   needs a moment to beat. It was given that moment.
 *
 * Stops longer than the limit always make the watchdog late by more than `silenceMs`, since it sleeps for at most half of the limit. Only while
 * the main thread says that it rests does it sleep for longer, up to two intervals: after that less lateness is silence, so that the same holds
 * (but for a stop that is longer than the limit by less than `confirmMs`), and it takes three looks instead of two.
 * What it cannot know: whether a main thread that is silent while this one runs is computing, waits in a call, or was not scheduled.
 *
 * `judgeLook` runs in the watchdog's thread, which gets its source text: it may use nothing but its arguments.
 */

/** What does not change. All in ms. */
export interface JudgementLimits {
  /** The age of a beat at which the main thread counts as blocked. */
  readonly blockMs: number;
  /** The longest sleep between two looks; twice that at rest. */
  readonly intervalMs: number;
  /** A look later than this says that the watchdog itself did not run. */
  readonly silenceMs: number;
  /** Between two looks that confirm one another; a look later than this confirms nothing. */
  readonly confirmMs: number;
}

/** One look. All in ms of one clock. */
export interface Look {
  readonly nowMs: number;
  /** When this look was due. */
  readonly dueMs: number;
  /** The last beat; 0 before the first. */
  readonly beatMs: number;
  /** The main thread has slept from beat to beat for a while, and nothing hangs on how soon a block is seen but its notice. */
  readonly isResting: boolean;
}

/** What is remembered between two looks. */
export interface LookMemory {
  readonly lookMs: number;
  readonly beatMs: number;
  /** Since when the watchdog has run without a silence of its own. */
  readonly freshMs: number;
  /** Its silences since the beat. */
  readonly haltedMs: number;
  readonly isBlocked: boolean;
  /** Whether the sleep after this look is one of more than an interval. */
  readonly sleepsLong: boolean;
  /** Whether this look may confirm the next; not after a long sleep, which a stop may have been part of unseen. */
  readonly mayConfirm: boolean;
}

/** What one look says. */
export interface Judgement extends LookMemory {
  /** `halted`: nothing can be said of the main thread, since the watchdog itself did not run. */
  readonly verdict: 'unwatched' | 'running' | 'halted' | 'blocked';
  /** How long the main thread has been silent while the watchdog ran. */
  readonly sinceMs: number;
  /** Blocked for longer than the limit since the watchdog's own last silence. */
  readonly isStuck: boolean;
  /** When to look again. */
  readonly waitMs: number;
}

/** Two looks this far apart confirm one another: the main thread needs a moment to beat after both were stopped. */
const CONFIRM_MS = 10;

/**
 * A stop longer than `blockMs` makes the watchdog late by at least `blockMs - intervalMs`, and `intervalMs` is at most half of it. For long sleeps
 * see `judgeLook`.
 */
export function judgementLimits(settings: { readonly blockMs: number; readonly intervalMs: number }): JudgementLimits {
  const { blockMs, intervalMs } = settings;
  return { blockMs, intervalMs, silenceMs: blockMs / 2, confirmMs: Math.min(CONFIRM_MS, intervalMs) };
}

/** How long after the last beat a block is known at the latest: two looks confirm it, and each may be as late as one that confirms. */
export function noticeMs(settings: { readonly blockMs: number; readonly intervalMs: number }): number {
  const { blockMs, intervalMs, confirmMs } = judgementLimits(settings);
  return blockMs + Math.max(intervalMs, 2 * confirmMs + 1);
}

/** Judges one look. */
export function judgeLook(before: LookMemory, look: Look, limits: JudgementLimits): Judgement {
  const { nowMs, dueMs, beatMs, isResting } = look;
  const isNewBeat = beatMs !== before.beatMs;
  const silenceMs = before.sleepsLong
    ? Math.max(limits.confirmMs, limits.blockMs - (dueMs - before.lookMs))
    : limits.silenceMs;
  const isHalted = nowMs - dueMs > silenceMs;
  const freshMs = isHalted ? nowMs : before.freshMs;
  const haltedMs = (isNewBeat ? 0 : before.haltedMs) + (isHalted ? Math.max(0, nowMs - Math.max(dueMs, beatMs)) : 0);
  const awakeMs = nowMs - Math.max(beatMs, freshMs);
  const isOld = beatMs !== 0 && awakeMs >= limits.blockMs;
  const isSoon = nowMs - dueMs <= limits.confirmMs && nowMs - before.lookMs <= 2 * limits.confirmMs + 1;
  const isConfirmed = !isNewBeat && before.mayConfirm && !before.sleepsLong && isSoon;
  const isBlocked = !isNewBeat && (before.isBlocked || (isOld && isConfirmed));
  const verdict = beatMs === 0 ? 'unwatched' : isHalted ? 'halted' : isBlocked ? 'blocked' : 'running';
  // One look shortly before the limit and one at it: a block is noticed at its limit, not up to an interval later.
  const untilMs = beatMs === 0 || isBlocked ? limits.intervalMs : limits.blockMs - limits.confirmMs - awakeMs;
  const settleMs = before.sleepsLong ? 0.5 * limits.confirmMs : limits.confirmMs;
  const waitMs = Math.min(limits.intervalMs, Math.max(settleMs, untilMs));
  const isRested = isResting && isNewBeat;
  // Three looks must be over an interval after the limit, each as late as one that confirms.
  const leftMs = limits.blockMs + limits.intervalMs - 4.5 * limits.confirmMs - awakeMs;
  const restMs = Math.min(2 * limits.intervalMs, leftMs);
  const sleepsLong = isRested && restMs > 1.5 * limits.intervalMs;
  // Shortly after a beat there is most time left: the next look comes there, if beats come as often as looks.
  const alignMs = limits.intervalMs + 0.5 * limits.confirmMs - awakeMs;
  const shortMs = isRested ? Math.min(waitMs, Math.max(limits.confirmMs, alignMs)) : waitMs;
  return {
    lookMs: nowMs,
    beatMs,
    freshMs,
    haltedMs,
    isBlocked,
    sleepsLong,
    mayConfirm: !before.sleepsLong,
    verdict,
    sinceMs: beatMs === 0 ? 0 : nowMs - beatMs - haltedMs,
    isStuck: isBlocked && isOld,
    waitMs: sleepsLong ? restMs : shortMs,
  };
}
