/** `useSimClock` under node:test, and from CommonJS: the built package in child processes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

const BODY = `
const sim = useSimClock({ beforeEach, afterEach });
const realDate = Date;

test('the clock is installed', async () => {
  assert.equal(Date.now(), 1767225600000);
  const waiting = promises.setTimeout(60000, 'a minute');
  await sim.clock.advanceAsync(60000);
  assert.equal(await waiting, 'a minute');
  assert.equal(performance.now(), 60000);
});

test('this one fails on purpose', () => {
  sim.clock.advance(1);
  assert.equal(1, 2);
});

test('and the next has a new clock', () => {
  assert.equal(performance.now(), 0);
  assert.notEqual(Date, realDate);
});

process.on('exit', () => {
  if (Date !== realDate) console.log('STILL FAKED');
});
`;

const FLAVOURS = [
  {
    name: 'ESM',
    file: 'esm.test.mjs',
    text: `import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import promises from 'node:timers/promises';
import { useSimClock } from ${JSON.stringify(pathToFileURL(join(DIST, 'testing.js')).href)};
${BODY}`,
  },
  {
    name: 'CommonJS',
    file: 'cjs.test.cjs',
    text: `const assert = require('node:assert/strict');
const { afterEach, beforeEach, test } = require('node:test');
const promises = require('node:timers/promises');
const { useSimClock } = require(${JSON.stringify(join(DIST, 'testing.cjs'))});
${BODY}`,
  },
];

describe('node:test', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'truechimer-node-test-'));
    for (const { file, text } of FLAVOURS) writeFileSync(join(folder, file), text);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(FLAVOURS)('$name: a new clock for each test, put back after one that failed', ({ file }) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawnSync(process.execPath, ['--test', '--test-reporter=tap', join(folder, file)], {
      encoding: 'utf8',
      env,
    });
    expect(child.stdout).toMatch(/^# pass 2$/m);
    expect(child.stdout).toMatch(/^# fail 1$/m);
    expect(child.stdout).toMatch(/not ok \d+ - this one fails on purpose/);
    expect(child.stdout).not.toContain('STILL FAKED');
  });
});
