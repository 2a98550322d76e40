/** `truechimer pauses` as it is built, around real programs. What a busy machine can delay is asserted one-sided. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../test/integration/until.ts';
import { EVENTS_FILE, type PausesMessage } from './pauses-channel.ts';
import type { PausesReport, ReportedPause } from './pauses-schema.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truechimer cli-')); // a blank in the path, as on many machines
  const common = { outDir: folder, platform: 'node', target: 'node20', config: false, silent: true } as const;
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  await build({ ...common, entry: { cli: here('main.ts') }, format: ['esm'], outExtension: () => ({ js: '.mjs' }) });
  await build({
    ...common,
    entry: { 'pauses-preload': here('pauses-preload.ts') },
    format: ['cjs'],
    outExtension: () => ({ js: '.cjs' }),
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const env = { ...process.env, NODE_OPTIONS: undefined, FORCE_COLOR: undefined, TMPDIR: folder, ...environment };
  const child = spawn(process.execPath, [join(folder, 'cli.mjs'), 'pauses', ...argv], {
    cwd: folder,
    env,
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return { child, ended };
}

async function program(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

async function report(name: string): Promise<PausesReport> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as PausesReport;
}

/** Whether the program under way has told of such a pause: looked up where the command itself reads it. */
function hasTold(isSo: (pause: ReportedPause) => boolean): boolean {
  const run = readdirSync(folder).find((name) => name.startsWith('truechimer-pauses-')) ?? '';
  const events = join(folder, run, EVENTS_FILE);
  if (run === '' || !existsSync(events)) return false;
  const lines = readFileSync(events, 'utf8').split('\n').slice(0, -1);
  const messages = lines.map((line) => JSON.parse(line) as PausesMessage);
  return messages.some((message) => message.type === 'pause' && isSo(message.pause));
}

/** In a program: does it again and again until somebody has seen what came of it, whatever a busy machine makes of the first ones. */
const UNTIL_SEEN = `
  const settle = (ms) => new Promise((done) => setTimeout(done, ms));
  const untilSeen = async (what, act) => {
    do { await act(); await settle(600); } while (!require('node:fs').existsSync(what));
  };`;

async function sees(what: string, isSo: (pause: ReportedPause) => boolean): Promise<void> {
  await until(() => hasTold(isSo));
  await writeFile(join(folder, what), '');
}

const isStopped = ({ cause, maxMs }: ReportedPause): boolean => cause === 'stopped' && (maxMs ?? 0) >= 990;
const isLocked = ({ cause, maxMs, stacks }: ReportedPause): boolean =>
  stacks.some((stack) => stack.includes('waitForLock')) &&
  (cause === 'blocked' || cause === 'unknown') &&
  (maxMs ?? Infinity) >= 690;

test('an ESM program: its pauses with causes and stacks, its own output and exit code', async () => {
  const app = await program(
    'app.mjs',
    `import { createRequire } from 'node:module';
    import { spawn } from 'node:child_process';
    const require = createRequire(import.meta.url);
    ${UNTIL_SEEN}
    function waitForLock() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700); }
    console.log(JSON.stringify([process.env.NODE_OPTIONS, process.env.TRUECHIMER_PAUSES, process.env.RES_OPTIONS, process.argv.slice(2)]));
    await settle(600);
    await untilSeen('locked', waitForLock);
    const stop = 'kill -STOP ' + process.pid + '; sleep 1; kill -CONT ' + process.pid;
    await untilSeen('stopped', () => new Promise((done) => spawn('sh', ['-c', stop]).once('close', done)));
    process.exit(3);`,
  );
  const files = ['--json', 'app.json', '--html', 'app.html'];
  const { ended } = start([...files, '--', process.execPath, app, '--quiet', 'x']);
  await sees('locked', isLocked);
  await sees('stopped', isStopped);
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(3);
  expect(stdout).toBe(`${JSON.stringify([undefined, undefined, undefined, ['--quiet', 'x']])}\n`);
  const { pauses, causes, complete, process: watched, capabilities } = await report('app.json');
  expect(complete).toBe(true);
  expect(watched?.script).toBe(join(folder, 'app.mjs'));
  expect(capabilities).toMatchObject({ watchdog: true, sigcont: true, gc: true });
  expect(pauses.some(isStopped)).toBe(true);
  expect(pauses.some(isLocked)).toBe(true);
  expect(causes.map(({ cause }) => cause)).toContain('stopped');
  expect(stderr).toMatch(/truechimer +\d+\.\d\d s {2}stopped /);
  expect(stderr).toContain('in waitForLock (');
  expect(stderr).toContain('timeline: app.html');
  expect(await readFile(join(folder, 'app.html'), 'utf8')).toContain('waitForLock');
  expect((await readdir(folder)).filter((name) => name.startsWith('truechimer-pauses-'))).toEqual([]);
});

test('a CommonJS program that is killed: what it told before is reported, and its children are left alone', async () => {
  const app = await program(
    'app.cjs',
    `${UNTIL_SEEN}
    const { execFileSync } = require('node:child_process');
    new (require('node:worker_threads').Worker)('', { eval: true });
    const env = '[process.env.NODE_OPTIONS, process.env.TRUECHIMER_PAUSES, process.listenerCount("SIGCONT")]';
    console.log(execFileSync(process.execPath, ['-p', env], { encoding: 'utf8' }).trim());
    const spin = () => { const end = Date.now() + 400; while (Date.now() < end); };
    settle(600).then(() => untilSeen('spun', spin)).then(() => process.kill(process.pid, 'SIGKILL'));`,
  );
  const isSpun = ({ maxMs }: ReportedPause): boolean => (maxMs ?? 0) >= 390;
  const { ended: end } = start(['-q', '--json', '--', process.execPath, app], { NODE_OPTIONS: '--no-deprecation' });
  await sees('spun', isSpun);
  const { code, stdout, stderr } = await end;
  expect(code).toBe(137);
  const [first = '', ...rest] = stdout.split('\n');
  expect(first).toBe("[ '--no-deprecation', undefined, 0 ]");
  const { complete, ended, pauses } = JSON.parse(rest.join('\n')) as PausesReport;
  expect(complete).toBe(false);
  expect(ended).toEqual({ how: 'signal', signal: 'SIGKILL' });
  expect(pauses.some(isSpun)).toBe(true);
  expect(stderr).toMatch(/^\ntruechimer pauses /);
});

test.each([
  ['process.exit()', 'setTimeout(() => { spin(); process.exit(0); }, 300);'],
  ['the natural end', 'spin();'],
])('G21: a pause that lasts until the end is in the report: %s', async (_how, act) => {
  const text = `function spin() { const end = Date.now() + 600; while (Date.now() < end); }\n${act}`;
  const app = await program('last.cjs', text);
  const { code, stdout } = await start(['-q', '--json', '--', process.execPath, app]).ended;
  expect(code).toBe(0);
  const { complete, pauses } = JSON.parse(stdout) as PausesReport;
  expect(complete).toBe(true);
  expect(Math.max(...pauses.map(({ maxMs }) => maxMs ?? 0))).toBeGreaterThanOrEqual(590);
});

test('killed while it was blocked: that pause comes first, and no time to live is suggested', async () => {
  const app = await program(
    'blocked.cjs',
    `setTimeout(() => {
      process.stdout.write('blocked');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }, 600);`,
  );
  const { child, ended } = start(['-q', '--json', 'blocked.json', '--', process.execPath, app]);
  child.stdout?.once('data', () => {
    const run = readdirSync(folder).find((name) => name.startsWith('truechimer-pauses-')) ?? '';
    const [first = ''] = readFileSync(join(folder, run, EVENTS_FILE), 'utf8').split('\n');
    const told = JSON.parse(first) as Extract<PausesMessage, { readonly type: 'started' }>;
    setTimeout(() => process.kill(told.process.pid, 'SIGKILL'), 900);
  });
  const { code, stderr } = await ended;
  expect(code).toBe(137);
  expect(stderr).toMatch(/It ended in a pause: silent for .* when SIGKILL ended it\./);
  const { silentAtEndMs, lease } = await report('blocked.json');
  expect(silentAtEndMs).toBeGreaterThanOrEqual(890);
  expect(lease.status).toBe('unknown');
});

test('what goes on after the watched process was killed is no silence of it', async () => {
  const app = await program('killed.cjs', 'setTimeout(() => process.kill(process.pid, "SIGKILL"), 300);');
  const { ended } = start(['-q', '--json', '--', 'sh', '-c', `"${process.execPath}" ${app}; sleep 3`]);
  const { complete, silentAtEndMs } = JSON.parse((await ended).stdout) as PausesReport;
  expect(complete).toBe(false);
  expect(silentAtEndMs ?? 0).toBeLessThan(3000);
});

test('without a temporary folder the program is not run', async () => {
  const missing = join(folder, 'nowhere');
  const ended = await start(['--', process.execPath, '-v'], { TMPDIR: missing }).ended;
  expect(ended).toMatchObject({ code: 125, stdout: '' });
  expect(ended.stderr).toContain(`requires a temporary folder that can be written, got ${JSON.stringify(missing)}`);
  expect(ended.stderr).toContain('Set TMPDIR to a folder that can be written. The program was not run.');
  expect(ended.stderr).not.toContain('    at ');
});

test('signals and standard input reach the program', async () => {
  const app = await program(
    'echo.mjs',
    `process.on('SIGTERM', () => { console.log('asked to end'); process.exit(7); });
    process.stdin.on('data', (text) => { process.stdout.write('got ' + text); });`,
  );
  const { child, ended } = start(['-q', '--no-watchdog', '--', process.execPath, app]);
  child.stdin?.write('hello\n');
  child.stdout?.once('data', () => child.kill('SIGTERM'));
  expect(await ended).toMatchObject({ code: 7, stdout: 'got hello\nasked to end\n' });
});

test.each([
  [['--', 'truechimer-no-such-program'], 127, 'requires a program that can be run'],
  [['--html', 'no/such/folder.html', '--', process.execPath, '-v'], 125, 'The program was not run.'],
  [
    ['--html', '.', '--', process.execPath, '-v'],
    125,
    '--html requires a file that can be written, got ".", which is a',
  ],
  [
    ['--json', '.', '--', process.execPath, '-v'],
    125,
    '--json requires a file that can be written, got ".", which is a',
  ],
  [['app.js'], 125, 'A program comes after two dashes'],
])('%j: exit code %d', async (argv, code, message) => {
  const ended = await start(argv).ended;
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toContain(message);
});
