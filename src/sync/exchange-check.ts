/**
 * What a source handed over, checked at the boundary: a source is somebody else's code, and NaN satisfies no comparison.
 */
import type { Exchange, MeasureOutcome, Pace } from './time-source.ts';
import { ClockError, describeValue, EPOCH_MS_MAX } from '../core/index.ts';

/** Between which readings of the monotonic clock a measurement was made. */
export interface MeasuredWithin {
  readonly askedMs: number;
  readonly nowMs: number;
}

/** The largest error that a source can claim and still be one, in ms: 11 days. */
export const SOURCE_ERROR_MS_MAX = 1e9;

/** The outcome as it may be used: an exchange that cannot be one becomes a rejection. */
export function checkedOutcome(outcome: MeasureOutcome, within: MeasuredWithin): MeasureOutcome {
  if (outcome.outcome !== 'measured') return outcome;
  const fault = faultOf(outcome.exchange, within);
  return fault === undefined ? outcome : { outcome: 'rejected', reason: 'malformed', detail: fault };
}

function faultOf(exchange: Exchange, { askedMs, nowMs }: MeasuredWithin): string | undefined {
  const { sentMs, receivedMs, serverReceived, serverSent, sourceErrorMs } = exchange;
  const numbers = [sentMs, receivedMs, sourceErrorMs];
  for (const epoch of [serverReceived, serverSent]) numbers.push(epoch.wholeMs, epoch.fractionMs);
  if (!numbers.every(Number.isFinite)) return 'the exchange contains something that is not a finite number';
  if ([serverReceived, serverSent].some(({ fractionMs }) => fractionMs < 0 || fractionMs >= 1)) {
    return 'the fraction of a stamp is not from 0 to below 1 ms';
  }
  if ([serverReceived, serverSent].some(({ wholeMs }) => Math.abs(wholeMs) > EPOCH_MS_MAX)) {
    return 'a stamp is outside the range of Date';
  }
  if (!Number.isSafeInteger(serverReceived.wholeMs) || !Number.isSafeInteger(serverSent.wholeMs)) {
    return 'the whole milliseconds of a stamp are not a whole number';
  }
  if (sourceErrorMs < 0) return `the source claims a negative error of ${sourceErrorMs} ms`;
  if (sourceErrorMs > SOURCE_ERROR_MS_MAX)
    return `the source claims an error of ${sourceErrorMs} ms, which says nothing`;
  if (sentMs > receivedMs) return `the answer was received ${sentMs - receivedMs} ms before the request was sent`;
  if (sentMs < askedMs) return `the request was sent ${askedMs - sentMs} ms before it was asked for`;
  if (receivedMs > nowMs) return `the answer was received ${receivedMs - nowMs} ms in the future`;
  return undefined;
}

/** Checks a source's pace. @throws TC_INVALID_ARGUMENT. */
export function requirePace(operation: string, name: string, pace: Pace): void {
  const given: unknown = pace;
  if (typeof given !== 'object' || given === null) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation}: requires a pace of source ${name}, got ${describeValue(given)}. ` +
        'Give it burstCount, burstSpacingMs, pollMinMs and pollMaxMs.',
      { source: name },
    );
  }
  const { burstCount, burstSpacingMs, pollMinMs, pollMaxMs } = pace;
  const sound =
    Number.isInteger(burstCount) && burstCount >= 1 && burstSpacingMs > 0 && pollMinMs > 0 && pollMinMs <= pollMaxMs;
  if (sound && Number.isFinite(burstSpacingMs) && Number.isFinite(pollMaxMs)) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: the pace of source ${name} must have a burst of at least 1, spacings above 0 ms and pollMinMs <= pollMaxMs, ` +
      `got ${JSON.stringify(pace)}. Give the source a pace that it can be asked at.`,
    { source: name },
  );
}
