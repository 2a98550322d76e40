/**
 * What the page of pauses is drawn with: escaping, colours, and a scale of lengths.
 */
import type { PauseCause, PauseParts } from '../pause/index.ts';

/** Text inside of a page; names of functions and files are the program's. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Warm: the program itself. Violet and blue: it got no processor. Green: somebody held it. Grey: the machine, or nobody knows. */
export const CAUSE_COLOURS: Readonly<Record<PauseCause, string>> = {
  cpu: '#f76707',
  gc: '#fab005',
  blocked: '#e64980',
  starved: '#7950f2',
  throttled: '#4c6ef5',
  stolen: '#228be6',
  stopped: '#12b886',
  frozen: '#15aabf',
  'external-stop': '#82c91e',
  suspend: '#748ffc',
  'vm-pause': '#a61e4d',
  unknown: '#868e96',
};

const PART_COLOURS: Readonly<Record<keyof PauseParts, string>> = {
  onCpuMs: CAUSE_COLOURS.cpu,
  gcMs: CAUSE_COLOURS.gc,
  runqueueMs: CAUSE_COLOURS.starved,
  throttledMs: CAUSE_COLOURS.throttled,
  stolenMs: CAUSE_COLOURS.stolen,
  frozenMs: CAUSE_COLOURS.frozen,
  suspendedMs: CAUSE_COLOURS.suspend,
  offCpuMs: '#adb5bd',
  unmeasuredMs: CAUSE_COLOURS.unknown,
};

/** The colour of a part: of the cause that it speaks for. Time off the processor speaks for whatever explains it. */
export function partColour(part: keyof PauseParts, cause: PauseCause): string {
  const isHeld = cause === 'blocked' || cause === 'stopped' || cause === 'external-stop' || cause === 'vm-pause';
  return part === 'offCpuMs' && isHeld ? CAUSE_COLOURS[cause] : PART_COLOURS[part];
}

/** A rectangle in which a chart draws. */
export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A logarithmic axis. */
export interface LogScale {
  /** 0 at the low end, 1 at the high end; what is outside is at the end. */
  at(value: number): number;
  /** Values to label: 1, 2 and 5 of each decade, or the decades alone when those are many. */
  readonly ticks: readonly number[];
}

/** A logarithmic scale that contains both values. */
export function logScale(low: number, high: number): LogScale {
  const from = Math.log10(low);
  const span = Math.max(Math.log10(high) - from, 0.3);
  const steps = span > 3 ? [1] : [1, 2, 5];
  const decades = Array.from({ length: Math.ceil(span) + 2 }, (_, index) => Math.floor(from) + index);
  return {
    at: (value) => Math.min(1, Math.max(0, (Math.log10(value) - from) / span)),
    ticks: decades
      .flatMap((decade) => steps.map((step) => step * 10 ** decade))
      .filter((tick) => tick >= low * 0.999 && Math.log10(tick) <= from + span),
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Steps that people count time in. */
const TIME_STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000],
  ...[1, 2, 5, 10, 20].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((days) => days * DAY_MS),
];

/** Round moments of an axis of time from 0, at most as many as wanted and one. */
export function roundMoments(totalMs: number, wanted: number): readonly number[] {
  const stepMs = TIME_STEPS_MS.find((one) => totalMs / one <= wanted) ?? totalMs;
  return Array.from({ length: Math.floor(totalMs / stepMs) + 1 }, (_, index) => index * stepMs);
}

/** A coordinate: half pixels are seen, less is not. */
export function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}
