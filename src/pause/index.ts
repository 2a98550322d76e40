export { PAUSE_RULES, type PauseRule } from './cause-rules.ts';
export * from './classify-pause.ts';
export { PAUSE_COUNTERS, type PauseCounters } from './counters.ts';
export { PAUSE_INTERVAL_MS_DEFAULT, type PauseDetectorOptions } from './detector-options.ts';
export * from './evidence.ts';
export { SUSPEND_MS_MIN } from './evidence-view.ts';
export type { Collection } from './gap-notes.ts';
export * from './joined-lengths.ts';
export * from './lease-ttl.ts';
export type { FalseLosses, LeaseTtlAssessment } from './lease-ttl-losses.ts';
export {
  FALSE_LOSS_MAX_DEFAULT,
  type LeaseTtlAssessOptions,
  type LeaseTtlEvidence,
  type LeaseTtlOptions,
} from './lease-ttl-options.ts';
export * from './pause-cause.ts';
export * from './pause-detector.ts';
export * from './pause-event.ts';
export type { PauseParts } from './pause-parts.ts';
export type { EarlierReading, PauseReading } from './pause-reading.ts';
export { PAUSE_SAMPLES_MAX, type PauseTail, type PauseTailOptions, pauseTail } from './pause-tail.ts';
