/**
 * Waits that a signal may end, with one listener on the signal however many they are.
 *
 * One shutdown signal is passed to every lease of a process. A listener for each call would be a leak to the platform's eyes, which warns of
 * more than ten; and it is the user's object, whose limit is not ours to change.
 */
import { armTimer, type ClockPort } from '../core/index.ts';

/** The one listener of a signal, and who waits for it. */
interface Sharing {
  readonly callbacks: Set<() => void>;
  readonly stop: () => void;
}

const sharings = new WeakMap<AbortSignal, Sharing>();

/** Calls back once when the signal, which is not aborted yet, is. @returns What takes it back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, stop } = sharings.get(signal) ?? share(signal);
  // Its own, so that the same function may wait twice.
  const call = (): void => {
    callback();
  };
  callbacks.add(call);
  return () => {
    if (callbacks.delete(call) && callbacks.size === 0) stop();
  };
}

/** The value, or a rejection with the signal's reason when that is aborted first; what the value says after that is not heard. */
export function unlessAborted<T>(value: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return value;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    const forget = signal.aborted ? undefined : onAbort(signal, abort);
    // Also where nobody waits: a rejection that has no listener ends the process.
    void value.then(resolve, reject).finally(forget);
  });
}

/** Resolves when the monotonic clock reads at least `untilMs`; rejects with the signal's reason. Keeps the process alive. */
export function pauseUntil(port: ClockPort, untilMs: number, signal: AbortSignal | undefined): Promise<void> {
  let cancel = (): void => undefined;
  const pause = new Promise<void>((resolve) => {
    const timer = armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: true }, resolve);
    cancel = () => {
      timer.cancel();
    };
  });
  return unlessAborted(pause, signal).finally(cancel);
}

function share(signal: AbortSignal): Sharing {
  const callbacks = new Set<() => void>();
  const stop = (): void => {
    sharings.delete(signal);
    signal.removeEventListener('abort', hear);
  };
  const hear = (): void => {
    stop();
    for (const callback of callbacks) callback();
    callbacks.clear();
  };
  const sharing = { callbacks, stop };
  sharings.set(signal, sharing);
  signal.addEventListener('abort', hear, { once: true });
  return sharing;
}
