/**
 * The last line of a run: `N passed, N failed[, N skipped]`, in agreement with the exit code.
 *
 * vitest knows several ways to fail that no test shows: a file that cannot be imported, a type error, an unhandled
 * rejection, a killed worker, missed coverage, no tests at all. So the line is printed when the process ends, when the
 * exit code is known: every error outside a test counts as one failure, and a non-zero exit code never goes with
 * `0 failed`.
 */
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

/** What one run came to. */
export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts tests by result; a test that never finished, and a suite or file that failed by itself, is a failure. */
export function summarize(modules: Iterable<TestModule>, unhandledErrors: number): Summary {
  const summary: Summary = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const testModule of modules) {
    summary.failed += ownFailures(testModule);
    for (const suite of testModule.children.allSuites()) summary.failed += ownFailures(suite);
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      summary[state === 'pending' ? 'failed' : state] += 1;
    }
  }
  return summary;
}

function ownFailures(entity: TestModule | TestSuite): number {
  return entity.errors().length > 0 ? 1 : 0;
}

/** Makes the line agree with the exit code: something that failed without being counted is one failure. */
export function reconcile(summary: Summary, exitCode: number): Summary {
  return { ...summary, failed: exitCode === 0 ? summary.failed : Math.max(1, summary.failed) };
}

/** The line itself. */
export function formatSummary({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Prints the line when the process ends. */
export default class SummaryReporter implements Reporter {
  #summary: Summary = { passed: 0, failed: 0, skipped: 0 };

  onInit(): void {
    process.once('exit', (exitCode) => {
      const summary = reconcile(this.#summary, exitCode);
      if (summary.failed > 0) process.exitCode = exitCode === 0 ? 1 : exitCode;
      process.stdout.write(`${formatSummary(summary)}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#summary = summarize(modules, unhandledErrors.length);
  }
}
