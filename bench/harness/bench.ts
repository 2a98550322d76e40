/**
 * What a bench is: one claim, measured beside a named peer in the same run.
 *
 * Absolute figures say more about the machine than about the code, so what counts are ratios; a goal is the largest value that is
 * still good, and whether it holds is computed from this very run.
 */

/** One figure. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  /** `ratio`, `ns`, `us`, `ms`, `runs`. */
  readonly unit: string;
  /** Whom the value compares with; in a table of rivals, whose value it is. */
  readonly peer?: string;
  /** The value must be at most this. */
  readonly goal?: number;
  /** Whether it is. */
  readonly holds?: boolean;
}

/** How a bench is run. */
export interface BenchOptions {
  /** Fewer rounds: a look, not a verdict. */
  readonly quick: boolean;
  /** Says what is going on; never on standard output. */
  readonly progress: (line: string) => void;
}

/** What a bench found. */
export interface BenchResult {
  readonly rows: readonly BenchRow[];
  /** For people: shown in text mode instead of the rows that `inText` leaves out. */
  readonly text?: string;
  /** Which rows the table of text mode lists. Default: all. */
  readonly inText?: (row: BenchRow) => boolean;
  /** A self-contained page, for `--html FILE`. */
  readonly html?: () => string;
}

/** What every file in `bench/` exports. */
export interface Bench {
  /** The name of its file. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly run: (options: BenchOptions) => Promise<BenchResult>;
}

/** A row; with a goal it says at once whether the goal holds. */
export function rowOf(row: Omit<BenchRow, 'holds'>): BenchRow {
  if (row.goal === undefined) return row;
  return { ...row, holds: row.value <= row.goal };
}
