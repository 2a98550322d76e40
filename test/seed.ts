/**
 * The seed of every property test and simulation.
 *
 * It is fixed, so that a run is the same everywhere; `TRUECHIMER_SEED=123` takes another one and `TRUECHIMER_SEED=random`
 * draws one. A failing test prints the seed and the command that replays it (`test/setup.ts`).
 */

/** What is used when nothing is said. */
export const DEFAULT_SEED = 20_260_101;

/** Reads a seed as a signed 32-bit integer, the range that fast-check takes. */
export function readSeed(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_SEED;
  if (text === 'random') return Math.trunc(Math.random() * 2 ** 31);
  const seed = Number(text);
  if (!Number.isInteger(seed) || Math.abs(seed) >= 2 ** 31) {
    throw new RangeError(`TRUECHIMER_SEED: must be an integer below 2^31 or "random", got ${JSON.stringify(text)}.`);
  }
  return seed;
}

/** The seed of this run. */
export const SEED: number = readSeed(process.env['TRUECHIMER_SEED']);

/** The command that runs one test again with the seed of this run. */
export function replayCommand(file: string, testName: string): string {
  const pattern = testName.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return `TRUECHIMER_SEED=${SEED} npx vitest run ${file} -t '${pattern.replaceAll("'", String.raw`'\''`)}'`;
}
