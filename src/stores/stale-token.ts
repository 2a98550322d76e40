/**
 * What a fence answers to a token that is too low.
 */
import type { FencingToken } from '../lease/index.ts';

/** Refused, and nothing was done: a later holder has been here. */
export interface StaleToken<Domain extends string = string> {
  readonly ok: false;
  readonly reason: 'stale';
  /** The highest token that the fence has seen. */
  readonly highest: FencingToken<Domain>;
}
