/**
 * The watchdog's deadline, kept at the end of the windows that are protected.
 *
 * It is looked at anew at every wake-up, at every renewal, and when one more or one less is protected, and written when it has changed. A
 * main thread that is stuck writes nothing, so the last deadline stands: that is what fences. Nothing depends on a callback that a stuck
 * thread would not run. One that has not changed is not written again: the watchdog would count it from now on the boot clock as well, and
 * a suspend since then would put it off by its length.
 *
 * The watchdog is sure of a block only `noticeMs` after the last beat, so the deadline is that much before the end of the window. From there
 * to the end it moves along with the wake-ups: a block that begins in that time is fenced as soon as the watchdog is sure of it, which may
 * be up to `noticeMs` after the end. Work that would be wrong then needs the fencing token, here as anywhere.
 */
import { ClockError, describeValue, type Unsubscribe } from '../core/index.ts';
import type { Watchdog } from './watchdog.ts';

/** Something whose window ends: a lease, or one's own. */
export interface Fenceable {
  /** How much of the window is left, in ms; not above 0 while it may not be used. */
  readonly remainingMs: number;
  /** Aborted when it is over: lost, or given back. From then on it fences nobody. */
  readonly signal: AbortSignal;
  /** Where there is such an event, it is listened to; else a renewal counts from the next wake-up on. */
  on?(name: 'renewed', listener: () => void): Unsubscribe;
}

/** Checks it. @throws TC_INVALID_ARGUMENT. */
export function requireFenceable(subject: unknown): Fenceable {
  const { remainingMs, signal } = subject as Partial<Fenceable>;
  if (typeof remainingMs === 'number' && signal instanceof AbortSignal) return subject as Fenceable;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `PauseMonitor.protect fence: requires something with remainingMs and a signal, got ${describeValue(subject)}. ` +
      'Pass a lease: only what ends can be fenced at its end.',
  );
}

/** Checks that somebody would fence. @throws TC_INVALID_ARGUMENT. */
export function requireFencing(watchdog: Watchdog | undefined): Watchdog {
  if (watchdog?.fence === undefined) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `PauseMonitor.protect fence: requires a watchdog with fence, got ${watchdog === undefined ? 'no watchdog' : 'one without'}. ` +
        "Start it with monitorPauses({ watchdog: { fence: 'SIGKILL' } }).",
    );
  }
  const { state, reason } = watchdog;
  if (state !== 'unavailable' && state !== 'closed') return watchdog;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `PauseMonitor.protect fence: requires a watchdog that runs, got one that is ${state}${reason === undefined ? '' : ` (${reason})`}. ` +
      'Nobody would be fenced: start another monitor where the reason is gone, or protect without fence.',
    { state, reason },
  );
}

interface Window {
  readonly subject: Fenceable;
  readonly end: () => void;
  /** On the clock of `nowMs`; it stands while the subject may not be used, since what was begun before may go on. */
  deadlineMs: number;
}

/** A deadline is after the beat of its wake-up, in ms: one that a beat has reached is over. */
const AHEAD_MS = 1;

/** What is left of a longer window is not known to the watchdog: it would be an epoch. In ms. */
const LEFT_MS_MAX = 1e10;

/** Keeps one watchdog's deadline at the earliest end. */
export class FenceDeadline {
  readonly #watchdog: Watchdog;
  readonly #nowMs: () => number;
  readonly #windows = new Set<Window>();
  #setMs: number | undefined;

  constructor(watchdog: Watchdog, nowMs: () => number = () => performance.now()) {
    this.#watchdog = watchdog;
    this.#nowMs = nowMs;
  }

  /** Fences at its end, until it is over or the returned function is called. */
  add(subject: Fenceable): Unsubscribe {
    const { signal } = subject;
    if (signal.aborted) return () => undefined;
    const offRenewed = subject.on?.('renewed', () => {
      this.update();
    });
    const end = (): void => {
      signal.removeEventListener('abort', end);
      offRenewed?.();
      if (this.#windows.delete(window)) this.update();
    };
    const window: Window = { subject, end, deadlineMs: -Infinity };
    this.#windows.add(window);
    signal.addEventListener('abort', end);
    this.update();
    return end;
  }

  /** Finds the earliest end anew. */
  update(): void {
    if (this.#windows.size === 0 && this.#setMs === undefined) return;
    // Read first: a pause on the way makes the deadline earlier.
    const nowMs = this.#nowMs();
    let earliestMs = Infinity;
    for (const window of this.#windows) {
      const leftMs = leftOf(window.subject);
      if (leftMs > 0) window.deadlineMs = nowMs + Math.max(AHEAD_MS, leftMs - this.#watchdog.noticeMs);
      // Reached by a main thread that runs, it is over, and must not hide a later one.
      if (window.deadlineMs > nowMs) earliestMs = Math.min(earliestMs, window.deadlineMs);
    }
    const deadlineMs = earliestMs < nowMs + LEFT_MS_MAX ? earliestMs : undefined;
    if (deadlineMs === this.#setMs) return;
    this.#watchdog.setDeadline(deadlineMs);
    this.#setMs = deadlineMs;
  }

  /** Fences nobody any more, and listens to nobody. */
  close(): void {
    for (const { end } of [...this.#windows]) end();
  }
}

/** Somebody's own getter may throw: that is told, as by a listener, and the last deadline stands. */
function leftOf(subject: Fenceable): number {
  try {
    return subject.remainingMs;
  } catch (error) {
    void Promise.reject(error instanceof Error ? error : new Error('remainingMs threw a non-error', { cause: error }));
    return 0;
  }
}
