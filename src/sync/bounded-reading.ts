/**
 * A reading with its interval, made on every read.
 *
 * Plain fields, no freezing, no private state: an object that escapes costs a few nanoseconds then. The fields are only declared, because a field
 * definition would store `undefined` first, which is a tenth of a read (`bench/now.ts`).
 */
import type { BoundedTime, Premises } from '../core/index.ts';

/** The class behind every `BoundedTime` of a clock. */
export class BoundedReading implements BoundedTime {
  declare readonly status: 'bounded';
  declare readonly earliest: number;
  declare readonly latest: number;
  declare readonly premises: Premises;

  constructor(earliest: number, latest: number, premises: Premises) {
    this.status = 'bounded';
    this.earliest = earliest;
    this.latest = latest;
    this.premises = premises;
  }
}
