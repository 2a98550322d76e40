/** Runs before every test file: one seed for all properties, and how to replay what failed. */
import { relative } from 'node:path';
import fc from 'fast-check';
import { beforeEach } from 'vitest';
import { replayCommand, SEED } from './seed.ts';

fc.configureGlobal({ seed: SEED });

beforeEach(({ task, onTestFailed }) => {
  onTestFailed(() => {
    const names = [task.name];
    for (let suite = task.suite; suite !== undefined; suite = suite.suite) names.unshift(suite.name);
    const command = replayCommand(relative(process.cwd(), task.file.filepath), names.join(' '));
    process.stderr.write(`\nseed ${SEED}; replay: ${command}\n`);
  });
});
