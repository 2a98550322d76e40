/**
 * Tests that need real servers: run where the binaries are, skipped with the reason where they are not, and failed
 * instead of skipped where `TRUECHIMER_REQUIRE_SERVERS=1` says that the machine must have them.
 */
import { describe, expect, it } from 'vitest';
import { serverBinary, type BinaryName } from './server-binary.ts';

/** The reasons why these cannot be used here; empty when all can. */
export function missingReasons(names: readonly BinaryName[]): readonly string[] {
  return names.flatMap((name) => {
    const found = serverBinary(name);
    return found.path === undefined ? [found.reason] : [];
  });
}

/** What becomes of tests for which something is missing. */
export function fateOf(reasons: readonly string[], required: string | undefined): 'run' | 'skip' | 'fail' {
  if (reasons.length === 0) return 'run';
  return required === '1' ? 'fail' : 'skip';
}

/** `describe` for tests that need the named binaries. */
export function describeWithServers(title: string, names: readonly BinaryName[], tests: () => void): void {
  const reasons = missingReasons(names);
  const fate = fateOf(reasons, process.env['TRUECHIMER_REQUIRE_SERVERS']);
  if (fate === 'skip') process.stderr.write(`skipped: ${title}: ${reasons.join('; ')}\n`);
  if (fate === 'fail') {
    describe(title, () => {
      it('has the servers that TRUECHIMER_REQUIRE_SERVERS=1 requires', () => expect(reasons).toEqual([]));
    });
    return;
  }
  describe.skipIf(fate === 'skip')(title, tests);
}
