/**
 * Links and delays as data: what a schedule can print and a preset can be read from.
 */
import { type Delay, delays } from './delays.ts';
import type { LinkOptions } from './sim-network.ts';

/** A distribution of delays, by name and parameters; the parameters are those of `delays`. */
export type DelaySpec =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'exponential'; readonly baseMs: number; readonly meanMs: number }
  | { readonly kind: 'gamma'; readonly baseMs: number; readonly meanMs: number; readonly shape: number }
  | { readonly kind: 'pareto'; readonly baseMs: number; readonly scaleMs: number; readonly alpha: number }
  | { readonly kind: 'samples'; readonly measuredMs: readonly number[] };

/** One direction of a link, as data. */
export interface LinkSpec extends Omit<LinkOptions, 'delay'> {
  /** Default: 1 ms, always. */
  readonly delay?: DelaySpec;
}

/** The distribution that a spec describes. @throws as the function of `delays` with that name. */
export function delayOf(spec: DelaySpec): Delay {
  switch (spec.kind) {
    case 'constant':
      return delays.constant(spec.ms);
    case 'uniform':
      return delays.uniform(spec.fromMs, spec.toMs);
    case 'exponential':
      return delays.exponential(spec.baseMs, spec.meanMs);
    case 'gamma':
      return delays.gamma(spec.baseMs, spec.meanMs, spec.shape);
    case 'pareto':
      return delays.pareto(spec.baseMs, spec.scaleMs, spec.alpha);
    case 'samples':
      return delays.samples(spec.measuredMs);
  }
}

/** The options of a link that a spec describes. @throws as `delayOf`. */
export function linkOf(spec: LinkSpec): LinkOptions {
  const { delay, ...rest } = spec;
  return delay === undefined ? rest : { ...rest, delay: delayOf(delay) };
}
