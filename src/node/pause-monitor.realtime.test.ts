/** The monitor in processes of its own: computing, blocked, stopped, in a worker, with little permission, and idle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SceneReport } from './pause-monitor-scene.fixture.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truechimer-pauses-'));
  await build({
    entry: { scene: fileURLToPath(new URL('pause-monitor-scene.fixture.ts', import.meta.url)) },
    outDir: folder,
    platform: 'node',
    target: 'node20',
    config: false,
    silent: true,
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(scene: string, flags: readonly string[] = []): { child: ChildProcess; ended: Promise<string> } {
  const child = spawn(process.execPath, [...flags, join(folder, 'scene.mjs'), scene], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<string>((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${scene}: ended with ${code ?? signal}: ${stderr}`));
    });
  });
  return { child, ended };
}

async function reportOf(scene: string, flags: readonly string[] = []): Promise<SceneReport> {
  const lines = (await start(scene, flags).ended).trimEnd().split('\n');
  return JSON.parse(lines.at(-1) ?? '') as SceneReport;
}

/** What a loaded machine may truly add to a pause that the program made itself; all else would be a wrong name. */
const OF_A_LOADED_MACHINE = ['unknown', 'starved', 'stolen'];

/** Computed, and was told so; or others had the processors for too much of every attempt, and its parts say that. */
function expectComputed({ last }: SceneReport): void {
  if (last.cause === 'cpu') return;
  expect(OF_A_LOADED_MACHINE).toContain(last.cause);
  expect(last.parts.onCpuMs).toBeLessThan(0.8 * last.gapMs);
}

test('a program that computes is told so, and never that it was stopped or asleep', async () => {
  const seen = await reportOf('spin');
  const { causes, last, counts } = seen;
  expectComputed(seen);
  expect(causes.filter((cause) => !['cpu', ...OF_A_LOADED_MACHINE].includes(cause))).toEqual([]);
  expect(last.evidence.runMs ?? last.evidence.processCpuMs).toBeGreaterThanOrEqual(200);
  expect(counts[0]).toBeGreaterThanOrEqual(1);
  expect(counts[1]).toBeGreaterThan(counts[0] ?? 0);
});

test('so is one without a second thread', async () => {
  const seen = await reportOf('spin-alone');
  expectComputed(seen);
  expect(seen.capabilities.watchdog).toBe(false);
});

test.runIf(process.platform === 'linux')('a program that waits in a call is told so, with its stack', async () => {
  const { causes, last } = await reportOf('block');
  expect(last).toMatchObject({ cause: 'blocked', certainty: 'inferred' });
  expect(last.gapMs).toBeGreaterThanOrEqual(200);
  expect(last.stacks[0]).toMatch(/\bblock\b/);
  expect(causes.filter((cause) => !['blocked', ...OF_A_LOADED_MACHINE].includes(cause))).toEqual([]);
});

async function taskStates(pid: number): Promise<string> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8')));
  return stats.map((stat) => stat.slice(stat.lastIndexOf(')') + 2)[0]).join('');
}

test.runIf(process.platform === 'linux')('a stopped program learns that it was, and for how long', async () => {
  const HOLD_MS = 600;
  const { child, ended } = start('stop');
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  const pid = child.pid!;
  child.kill('SIGSTOP');
  while (!/^T+$/.test(await taskStates(pid))) await new Promise(setImmediate);
  const heldFrom = performance.now();
  while (performance.now() - heldFrom < HOLD_MS) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGCONT');
  const { last } = JSON.parse((await ended).trimEnd().split('\n').at(-1) ?? '') as SceneReport;
  expect(last).toMatchObject({ cause: 'stopped', certainty: 'counter' });
  expect(last.gapMs).toBeGreaterThanOrEqual(HOLD_MS - 55);
});

test('a worker watches its own thread', async () => {
  const seen = await reportOf('worker');
  expectComputed(seen);
  expect(seen.capabilities.sigcont).toBe(false);
});

test('with little permission it works with what is left', async () => {
  const flag = Number(process.versions.node.split('.')[0]) >= 24 ? '--permission' : '--experimental-permission';
  const { last, capabilities } = await reportOf('spin-once', [flag, `--allow-fs-read=${folder}/*`]);
  expect(capabilities).toMatchObject({ schedstat: false, throttle: false, steal: false, gc: true });
  expect(capabilities.bootClock).toBe(process.platform === 'linux');
  expect(['cpu', 'unknown']).toContain(last.cause);
});

test('it keeps no process alive', async () => {
  expect(await start('idle').ended).toBe('');
});
