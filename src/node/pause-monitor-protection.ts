/**
 * What follows from a pause for those who rely on clocks: a lease renews before its next use, a bounded clock measures again.
 */
import {
  ClockError,
  describeValue,
  Emitter,
  optionNames,
  requireOptionalBoolean,
  requireOptions,
  type Unsubscribe,
} from '../core/index.ts';
import type { PauseEvent } from '../pause/index.ts';
import { FenceDeadline, requireFenceable, requireFencing } from './pause-monitor-fence.ts';
import type { Watchdog } from './watchdog.ts';

/** Something that must not be relied on after the machine was paused: a lease, a bounded clock, or one's own. */
export type Protected =
  | { suspect(detail: string): void }
  | {
      distrust(detail: string): void;
    };

/** How something is protected. */
export interface ProtectOptions {
  /**
   * End the process by the watchdog's signal when the main thread is stuck at the end of the window, or up to `noticeMs` of the watchdog
   * before it. Default false.
   */
  readonly fence?: boolean;
}

const OPTIONS = optionNames<ProtectOptions>({ fence: true });

/** What one monitor protects. */
export class Protection {
  readonly #watchdog: Watchdog | undefined;
  readonly #events = new Emitter<{ distrust: string }>();
  #deadline: FenceDeadline | undefined;

  constructor(watchdog: Watchdog | undefined) {
    this.#watchdog = watchdog;
  }

  /** Protects one more; returns how to end that. @throws TC_INVALID_ARGUMENT. */
  add(subject: Protected, options: ProtectOptions | undefined): Unsubscribe {
    const distrust = requireProtected(subject);
    requireOptions('PauseMonitor.protect', options, OPTIONS);
    requireOptionalBoolean('PauseMonitor.protect fence', options?.fence);
    if (options?.fence !== true) return this.#events.on('distrust', distrust);
    const watchdog = requireFencing(this.#watchdog);
    const fenceable = requireFenceable(subject);
    this.#deadline ??= new FenceDeadline(watchdog);
    const unfence = this.#deadline.add(fenceable);
    const off = this.#events.on('distrust', distrust);
    return () => {
      unfence();
      off();
    };
  }

  /** Clocks may not have counted some time: tells everybody. */
  distrust(detail: string): void {
    this.#events.emit('distrust', detail);
  }

  /** At every wake-up, after the beat: a deadline that is written before it would be over at once. */
  wokeUp(): void {
    this.#deadline?.update();
  }

  close(): void {
    this.#deadline?.close();
  }
}

/** Checks it, and returns what is to be called. @throws TC_INVALID_ARGUMENT. */
export function requireProtected(subject: Protected): (detail: string) => void {
  const given: unknown = subject;
  if (typeof given === 'object' && given !== null) {
    const { suspect, distrust } = given as { suspect?: unknown; distrust?: unknown };
    if (typeof suspect === 'function') return (detail) => void suspect.call(given, detail);
    if (typeof distrust === 'function') return (detail) => void distrust.call(given, detail);
  }
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `PauseMonitor.protect: requires something with suspect(detail) or distrust(detail), got ${describeValue(given)}. ` +
      'Pass a lease or a bounded clock.',
  );
}

/** A sentence for people when clocks may not have counted some time; `undefined` where they have. */
export function distrustDetail(event: PauseEvent): string | undefined {
  if (event.kind === 'clock-step') {
    const byMs = Math.round(event.deltaMs);
    return byMs > 0 ? `the wall clock jumped forward by about ${byMs} ms and nothing explains it` : undefined;
  }
  // The cause names the larger part of a pause. The clocks are in doubt whatever the rest of it was.
  const { evidence, parts } = event;
  if (evidence.vmDisrupted === true || evidence.vmGenerationChanged === true) {
    return 'the hypervisor says that this machine was stopped, moved or restored';
  }
  if (parts.suspendedMs > 0) return `the machine slept for about ${Math.round(parts.suspendedMs)} ms`;
  return event.cause === 'vm-pause'
    ? `the virtual machine stood still for about ${Math.round(event.gapMs)} ms`
    : undefined;
}
