/**
 * What `truechimer doctor` was asked to do, checked.
 */
import { DRIFT_PPM_DEFAULT, DRIFT_PPM_MAX } from '../core/index.ts';
import { CONFIDENCE_MAX, largestMinority, SOURCES_MAX } from '../sync/index.ts';
import {
  type DurationLimits,
  parseDurationMs,
  parseNumber,
  parseServers,
  type ServerArgument,
} from './option-values.ts';
import { UsageError } from './usage-error.ts';

/** How long is measured when servers are named: four questions, 2 s apart, and the last one's time limit. */
export const FOR_MS_DEFAULT = 7000;

/** How long the demonstration measures. */
export const DEMONSTRATION_FOR_MS_DEFAULT = 3000;

/** Below this nothing can be measured, and the number was probably meant as seconds. */
export const FOR_MS_MIN = 100;

/** A doctor that takes longer is a monitor. */
export const FOR_MS_MAX = 600_000;

/** How long one answer is waited for. */
export const TIMEOUT_MS_DEFAULT = 1000;

/** A server that did not answer has to be known as silent before the time is over. */
const TIMEOUT_SHARE_MAX = 0.9;

const FOR_LIMITS: DurationLimits = { minMs: FOR_MS_MIN, maxMs: FOR_MS_MAX };
const TIMEOUT_LIMITS: DurationLimits = { minMs: 1, maxMs: 60_000 };

/** The confidence level of the estimate. */
export const CONFIDENCE_DEFAULT = 0.95;

/** How many servers the demonstration runs. */
export const DEMONSTRATION_SERVERS = 4;

/** The checked options. */
export interface DoctorOptions {
  /** Empty: the demonstration. */
  readonly servers: readonly ServerArgument[];
  readonly forMs: number;
  readonly timeoutMs: number;
  readonly falsetickers: number;
  readonly driftPpm: number;
  readonly confidence: number;
  readonly json: boolean;
}

/** The options as text; what is undefined was not given. */
export interface DoctorArguments {
  readonly server: readonly string[];
  readonly for?: string | undefined;
  readonly timeout?: string | undefined;
  readonly falsetickers?: string | undefined;
  readonly drift?: string | undefined;
  readonly confidence?: string | undefined;
  readonly json: boolean;
}

/** Checks the options and fills in the defaults. @throws UsageError. */
export function settleDoctorOptions(given: DoctorArguments): DoctorOptions {
  const servers = parseServers(given.server);
  if (servers.length > SOURCES_MAX) {
    throw new UsageError(
      `--server may be given at most ${SOURCES_MAX} times, got ${servers.length}. Four to seven servers are enough.`,
    );
  }
  const defaultForMs = servers.length === 0 ? DEMONSTRATION_FOR_MS_DEFAULT : FOR_MS_DEFAULT;
  const sources = servers.length === 0 ? DEMONSTRATION_SERVERS : servers.length;
  const forMs = optional(given.for, defaultForMs, (text) => parseDurationMs('--for', text, FOR_LIMITS));
  const timeoutMs = optional(given.timeout, TIMEOUT_MS_DEFAULT, (text) =>
    parseDurationMs('--timeout', text, TIMEOUT_LIMITS),
  );
  return {
    servers,
    forMs,
    timeoutMs: Math.min(timeoutMs, forMs * TIMEOUT_SHARE_MAX),
    falsetickers: optional(given.falsetickers, largestMinority(sources), (text) => parseFalsetickers(text, sources)),
    driftPpm: optional(given.drift, DRIFT_PPM_DEFAULT, parseDrift),
    confidence: optional(given.confidence, CONFIDENCE_DEFAULT, parseConfidence),
    json: given.json,
  };
}

function optional<Value>(text: string | undefined, otherwise: Value, parse: (text: string) => Value): Value {
  return text === undefined ? otherwise : parse(text);
}

function parseFalsetickers(text: string, sources: number): number {
  return parseNumber('--falsetickers', text, {
    what: `a whole number (a minority of ${sources} ${sources === 1 ? 'server' : 'servers'})`,
    min: 0,
    max: largestMinority(sources),
    isInteger: true,
    remedy: 'To survive one liar name three servers, to survive two name five.',
  });
}

function parseDrift(text: string): number {
  const limits = { what: 'a drift bound in ppm', min: 0, max: DRIFT_PPM_MAX };
  return parseNumber('--drift', text, {
    ...limits,
    remedy: `${DRIFT_PPM_DEFAULT} covers the quartz of ordinary machines.`,
  });
}

function parseConfidence(text: string): number {
  const limits = { what: 'a confidence level', min: 1e-6, max: CONFIDENCE_MAX };
  return parseNumber('--confidence', text, { ...limits, remedy: 'For 95 % write 0.95.' });
}
