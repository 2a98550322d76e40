/** The watchdog in processes of its own: blocked, stopped, fenced, ended, and in every form that a bundler may give it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

let folder = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truechimer-watchdog-'));
  const common = { platform: 'node', target: 'node20', config: false, silent: true, clean: false } as const;
  const source = fileURLToPath(new URL('watchdog.fixture.ts', import.meta.url));
  await build({
    ...common,
    entry: { plain: source },
    outDir: folder,
    format: ['esm', 'cjs'],
    outExtension: ({ format }) => ({ js: format === 'esm' ? '.mjs' : '.cjs' }),
  });
  await build({
    ...common,
    entry: { small: source },
    outDir: folder,
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    minify: true,
    keepNames: true,
  });
});

afterEach(() => {
  // One that hung, or is still stopped.
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the text was printed. */
  readonly said: (text: string) => Promise<void>;
}

interface StartOptions {
  readonly file?: string;
  readonly flags?: readonly string[];
  /** Where its standard error goes; a pipe of Node.js is a socket. */
  readonly stderr?: number;
}

function start(scene: readonly string[], options: StartOptions = {}): Started {
  const argv = [...(options.flags ?? []), join(folder, options.file ?? 'plain.mjs'), ...scene];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', options.stderr ?? 'pipe'] });
  children.push(child);
  let stdout = '';
  let stderr = '';
  const out = child.stdout!;
  out.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  const said = async (text: string): Promise<void> => {
    while (!stdout.includes(text)) await Promise.race([new Promise((resolve) => out.once('data', resolve)), ended]);
  };
  return { child, ended, said };
}

const run = (...of: Parameters<typeof start>): Promise<Ended> => start(...of).ended;

test.each(['plain.mjs', 'plain.cjs', 'small.mjs'])(
  'a block is told of, with its stack, while it goes on, and leaves no trace (%s)',
  async (file) => {
    const { code, stdout, stderr } = await run(['block'], { file });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    // Without the place where a busy machine had no answer for so long.
    const [line, after, ...rest] = stderr.trimEnd().split('\n');
    expect(line).toMatch(/^truechimer watchdog: the main thread is blocked, \d+ ms so far(, in \S.*)? \(pid \d+\)$/);
    expect([after, rest]).toEqual(['main: after the block', []]);
    const seen = JSON.parse(stdout) as Record<string, unknown> & { ongoing: { sinceMs: number; stack: string }[] };
    expect(seen).toMatchObject({ flags: [0, 1, 0], again: [], kept: [0, true, 1], canTakeStacks: true });
    expect(seen.ongoing).toHaveLength(1);
    expect(seen.ongoing[0]!.sinceMs).toBeGreaterThanOrEqual(100);
    expect(seen.ongoing[0]!.stack).toMatch(/spinUntil/);
    // More frames than the program's own limit allows, and none of the expression's.
    expect(seen.ongoing[0]!.stack.split('\n').length).toBeGreaterThan(1);
    expect(seen.ongoing[0]!.stack).not.toMatch(/formatted|mainStack/);
    expect((seen['stacks'] as string[])[0]).toBe(seen.ongoing[0]!.stack);
  },
);

test.each(['frozen', 'frozen-formatter', 'sealed', 'closed', 'accessors', 'nailed', 'replaced'])(
  'whatever a program did to its Error, there is a stack, none of its own code runs, and all is as it was (%s)',
  async (kind) => {
    const { code, stdout, stderr } = await run(['errors', kind]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const seen = JSON.parse(stdout) as { stacks: string[] };
    expect(seen).toMatchObject({ ran: 0, isKept: true });
    const frames = seen.stacks[0]!.split('\n');
    expect(frames.slice(0, 8).join('\n')).toMatch(/spinUntil \(.*:\d+:\d+\)/);
    expect(frames.join('\n')).not.toMatch(/^:\d|formatted|mainStack/m);
  },
);

test('five captures in one block come each by each, and the watchdog goes on', async () => {
  const { code, stdout, stderr } = await run(['five']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { stacks, ...rest } = JSON.parse(stdout) as { stacks: string[] };
  expect(rest).toEqual({ state: 'running', again: true });
  expect(stacks).toHaveLength(5);
});

test('two watchdogs do not disturb each other', async () => {
  expect(await run(['two'])).toMatchObject({ signal: 'SIGKILL', stdout: '[true,true]\n' });
});

test('a watchdog whose thread was ended says so, and nothing throws', async () => {
  const { code, stdout, stderr } = await run(['dies']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    before: ['running', true],
    state: 'unavailable',
    reason: 'its thread ended with code 1',
    ready: false,
    canTakeStacks: false,
    inForce: false,
    gap: 'undefined',
    stacks: [],
    told: ['its thread ended with code 1'],
  });
});

test('without the inspector it watches, and takes no stacks', async () => {
  const { code, stdout, stderr } = await run(['uninspected']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ state: 'running', canTakeStacks: false, took: 'undefined', stacks: [] });
  expect(stderr).toMatch(/^truechimer watchdog: the main thread is blocked, \d+ ms so far \(pid \d+\)\n/);
});

async function taskStates(pid: number): Promise<string> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8')));
  return stats.map((stat) => stat.slice(stat.lastIndexOf(')') + 2)[0]).join('');
}

test.runIf(process.platform === 'linux')(
  'a stopped process is not called blocked, and its silence is counted once',
  async () => {
    const { child, ended, said } = start(['stop']);
    await said('stop me');
    child.kill('SIGSTOP');
    while (!/^T+$/.test(await taskStates(child.pid!)));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    child.kill('SIGCONT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { blocks, gaps } = JSON.parse(stdout.split('\n')[1]!) as { blocks: number; gaps: number[] };
    expect(blocks).toBe(0);
    expect(gaps[0]).toBeGreaterThan(2500);
    expect(gaps[1]).toBeLessThan(2500);
  },
);

test.each(['SIGKILL', 'SIGTERM'])(
  'G26: a blocked process is fenced by %s at its deadline, not while it is renewed',
  async (signal) => {
    const ended = await run(['fence', signal]);
    expect(ended).toMatchObject({ signal, stdout: '"renewed"\n' });
  },
);

test.runIf(process.platform === 'linux')('the last line of a fenced process says why it ended', async () => {
  const path = join(folder, 'stderr.pipe');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    expect(await run(['fence', 'SIGKILL'], { stderr: pipe })).toMatchObject({ signal: 'SIGKILL' });
    const bytes = Buffer.alloc(10_000);
    expect(bytes.toString('utf8', 0, readSync(pipe, bytes))).toMatch(
      /^truechimer watchdog: the main thread is blocked, .*\n.*: SIGKILL: a deadline has passed .*\n$/,
    );
  } finally {
    closeSync(pipe);
  }
});

test('G26: a file is not written to before a fence, since its storage may hang', async () => {
  const path = join(folder, 'stderr.txt');
  const file = openSync(path, 'w');
  try {
    expect(await run(['fence', 'SIGKILL'], { stderr: file })).toMatchObject({ signal: 'SIGKILL' });
    expect(await readFile(path, 'utf8')).toBe('');
  } finally {
    closeSync(file);
  }
});

test.runIf(process.platform === 'linux')('standard error that nobody reads does not keep it from fencing', async () => {
  const path = join(folder, 'full.pipe');
  execFileSync('mkfifo', [path]);
  // Opened for reading as well, so that a reader is there, who never reads.
  const pipe = openSync(path, constants.O_RDWR);
  try {
    expect(await run(['full'], { stderr: pipe })).toMatchObject({ signal: 'SIGKILL' });
  } finally {
    closeSync(pipe);
  }
});

test('G26: nobody is fenced who is not blocked, or has no deadline', async () => {
  expect(await run(['alive'])).toEqual({ code: 0, signal: null, stdout: '"alive"\n"survived"\n', stderr: '' });
});

test('G26: a deadline at which the main thread beats is its own affair: a block after it ends nobody, the next deadline does', async () => {
  expect(await run(['late'])).toEqual({ code: null, signal: 'SIGKILL', stdout: 'true\n"survived"\n', stderr: '' });
});

test('a process ends as it would without a watchdog', async () => {
  const [exited, crashed, ended, native] = await Promise.all([
    run(['exit']),
    run(['crash']),
    run(['end']),
    run(['native']),
  ]);
  expect(exited).toEqual({ code: 3, signal: null, stdout: '', stderr: '' });
  expect(crashed.code).toBe(1);
  expect(crashed.stderr).toMatch(/crashed on purpose/);
  expect(ended).toEqual({ code: 0, signal: null, stdout: '{"state":"running","gap":"number"}\n', stderr: '' });
  expect(native.code).toBe(0);
  expect(native.stderr).not.toMatch(/debugger/);
});

test('a closed watchdog says so', async () => {
  const { code, stdout } = await run(['close']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ state: 'closed', ready: false, gap: 'undefined', inForce: false });
});

test('preloads of the program are not loaded into the watchdog', async () => {
  const preload = `data:text/javascript,${encodeURIComponent("import { isMainThread } from 'node:worker_threads'; if (!isMainThread) throw new Error('loaded');")}`;
  const { stdout, stderr } = await run(['end'], { flags: ['--import', preload] });
  expect({ stdout, stderr }).toEqual({ stdout: '{"state":"running","gap":"number"}\n', stderr: '' });
});

test('without permission for threads it is unavailable, with its reason; for threads alone it takes no stacks', async () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  const flags = [flag, '--allow-fs-read=*', '--no-warnings'];
  const [none, threads] = await Promise.all([
    run(['permission'], { flags }),
    run(['permission'], { flags: [...flags, '--allow-worker'] }),
  ]);
  expect(none).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(none.stdout)).toMatchObject({ state: 'unavailable', canTakeStacks: false, inForce: false });
  expect((JSON.parse(none.stdout) as { reason: string }).reason).toMatch(/^no thread could be started: ./);
  expect(threads).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(threads.stdout)).toMatchObject({ state: 'running', canTakeStacks: false, inForce: true });
});
