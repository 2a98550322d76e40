/** A made-up run for tests of the reports on pauses. */
import type { PauseCapabilities } from '../node/index.ts';
import type { PauseParts } from '../pause/index.ts';
import type { PausesMessage, PausesState } from './pauses-channel.ts';
import { buildPausesReport, PausesRecord, type ProgramRun } from './pauses-report.ts';
import type { PausesReport, ReportedPause } from './pauses-schema.ts';

const NO_PARTS: PauseParts = {
  onCpuMs: 0,
  gcMs: 0,
  runqueueMs: 0,
  throttledMs: 0,
  stolenMs: 0,
  frozenMs: 0,
  suspendedMs: 0,
  offCpuMs: 0,
  unmeasuredMs: 0,
};

export const SPUN: ReportedPause = {
  seq: 1,
  endedMs: 1200,
  gapMs: 200,
  minMs: 200,
  maxMs: 250,
  cause: 'cpu',
  certainty: 'counter',
  share: 0.95,
  candidates: ['cpu'],
  rule: 'computing',
  parts: { ...NO_PARTS, onCpuMs: 190, runqueueMs: 10 },
  stacks: ['now (node:internal/perf:1:2)\nspin (/app/<b>.js:3:4)\n/app/main.js:9:1'],
  evidence: { gapMs: 200, intervalMs: 50 },
};

export const STOPPED: ReportedPause = {
  ...SPUN,
  seq: 2,
  endedMs: 4000,
  gapMs: 1500,
  minMs: 1500,
  maxMs: 1550,
  cause: 'stopped',
  share: 1,
  candidates: ['stopped'],
  rule: 'sigcont',
  parts: { ...NO_PARTS, offCpuMs: 1500 },
  stacks: [],
};

export const DOUBTFUL: ReportedPause = {
  ...SPUN,
  seq: 3,
  endedMs: 6000,
  gapMs: 120,
  minMs: 120,
  maxMs: null,
  cause: 'unknown',
  certainty: 'inferred',
  share: 0,
  candidates: ['cpu', 'gc', 'blocked', 'starved', 'stopped'],
  rule: 'no-majority',
  parts: { ...NO_PARTS, onCpuMs: 50, offCpuMs: 70 },
};

const CAPABILITIES: PauseCapabilities = {
  schedstat: true,
  threadCpu: false,
  throttle: true,
  freeze: false,
  steal: true,
  psi: true,
  traced: true,
  vmclock: false,
  suspendCount: true,
  rtc: true,
  bootClock: true,
  gc: true,
  sigcont: true,
  watchdog: true,
  stack: true,
};

const lateness = (count: number, lateMs: number): PausesState['lateness']['raw'] => ({
  count,
  meanMs: lateMs,
  maxMs: 1500,
  percentiles: [
    { percentile: 0, lateMs: 0.1 },
    { percentile: 50, lateMs },
    { percentile: 90, lateMs: 2 * lateMs },
    { percentile: 99, lateMs: 200 },
    { percentile: 99.9, lateMs: 1500 },
    { percentile: 100, lateMs: 1500 },
  ],
});

export const STATE: PausesState = {
  elapsedMs: 10_000,
  hrtimeMs: 500_000,
  isFinal: true,
  lateness: { raw: lateness(160, 0.3), corrected: lateness(195, 0.4) },
  capabilities: CAPABILITIES,
};

export const STARTED: PausesMessage = {
  type: 'started',
  process: { pid: 4711, node: 'v20.20.2', script: '/app/main.js' },
};

export const RUN: ProgramRun = {
  version: '1.2.3',
  platform: 'linux',
  arch: 'x64',
  options: {
    command: ['node', 'main.js'],
    intervalMs: 50,
    thresholdMs: 50,
    watchdog: { blockMs: 100 },
    roundTripMs: 10,
    json: undefined,
    html: undefined,
    quiet: false,
  },
  startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  ended: { how: 'exit', code: 0 },
  endedHrtimeMs: 500_001,
  state: STATE,
  beat: undefined,
};

/** The report of these events. */
export function reportOf(messages: readonly PausesMessage[], run: Partial<ProgramRun> = {}): PausesReport {
  const record = new PausesRecord();
  for (const message of messages) record.add(message);
  return buildPausesReport(record, { ...RUN, ...run });
}

/** Three pauses and a step. */
export const BUSY: readonly PausesMessage[] = [
  STARTED,
  { type: 'pause', pause: SPUN },
  { type: 'step', step: { atMs: 2000, deltaMs: -7000, maybeSuspend: false } },
  { type: 'pause', pause: STOPPED },
  { type: 'pause', pause: DOUBTFUL },
];
