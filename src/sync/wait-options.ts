/**
 * The options of waits and readings of a bounded clock, checked.
 */
import { requireDurationMs, requireNumber, requireOptions, requireSignal } from '../core/index.ts';
import type { WaitUntilOptions } from './waiters.ts';

/** Checks what every wait can be told. @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE. */
export function requireWaitOptions(operation: string, options: WaitUntilOptions, known: readonly string[]): void {
  requireOptions(operation, options, known);
  requireSignal(operation, options.signal);
  if (options.timeoutMs !== undefined) requireDurationMs(`${operation} timeoutMs`, options.timeoutMs);
}

/** Returns the largest width that is wanted; any when nothing is said. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE. */
export function requireMaxWidthMs(operation: string, maxWidthMs: number = Number.MAX_VALUE): number {
  const range = { what: 'a width', min: 0, max: Number.MAX_VALUE, unit: 'ms' };
  return requireNumber(`${operation} maxWidthMs`, maxWidthMs, range);
}
