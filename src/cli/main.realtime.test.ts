/** The built command as a process of its own: purity of stdout, exit codes, signals, and that it ends by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { until } from '../../test/integration/until.ts';
import { NtpServer } from '../node/index.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truechimer-cli-'));
  await build({
    entry: { cli: fileURLToPath(new URL('main.ts', import.meta.url)) },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    format: ['esm'],
    platform: 'node',
    target: 'node20',
    config: false,
    silent: true,
  });
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

function start(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...environment };
  const child = spawn(process.execPath, [join(folder, 'cli.mjs'), ...argv], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, ended };
}

test.each([
  [[], 2, 'truechimer: requires a command'],
  [
    ['doctor', '--for', '5'],
    2,
    'truechimer doctor: --for requires a duration from 100ms to 10m, got "5", which is 5 ms. For 5 seconds write 5s.',
  ],
  [['doctor', '--colour'], 2, 'truechimer doctor: requires an option it knows, got "--colour"'],
  [['doctor', '--json', '--server', 'a', '--server', 'A'], 2, 'the same'],
])('%j: exit code %d, the message on stderr and nothing on stdout', async (argv, code, message) => {
  const ended = await start(argv).ended;
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toContain(message);
});

test('help and version go to stdout', async () => {
  expect(await start(['--version']).ended).toEqual({
    code: 0,
    signal: null,
    stdout: `${packageJson.version}\n`,
    stderr: '',
  });
  const help = await start(['doctor', '--help']).ended;
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const line of help.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});

test('--json: one object on stdout and nothing else, even with colours forced', async () => {
  const { code, stdout, stderr } = await start(['doctor', '--json', '--for', '1m'], { FORCE_COLOR: '1' }).ended;
  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    schema: 'truechimer.doctor/1',
    demonstration: true,
    version: packageJson.version,
  });
});

test('colours can be forced, and are left out of a pipe otherwise', async () => {
  expect((await start(['doctor', '--for', '1m'], { FORCE_COLOR: '1' }).ended).stdout).toContain('\u001b[');
  expect((await start(['doctor', '--for', '1m']).ended).stdout).not.toContain('\u001b');
});

test('unbounded is exit code 1', async () => {
  const server = await NtpServer.listen({ silent: true });
  const { code, stdout } = await start([
    'doctor',
    '--server',
    server.address,
    '--for',
    '4s',
    '--timeout',
    '100ms',
    '--json',
  ]).ended;
  await server.close();
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ offset: { status: 'unbounded' }, sources: [{ verdict: 'unreachable' }] });
});

test('the first SIGINT reports what is known', async () => {
  const server = await NtpServer.listen();
  const { child, ended } = start(['doctor', '--server', server.address, '--for', '10m', '--timeout', '1m', '--json']);
  // It asks again when it has read the first answer.
  await until(() => server.requests > 1);
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  await server.close();
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ended: 'interrupted', offset: { status: 'bounded' } });
});

test('a reader that goes away is no error', async () => {
  const { child, ended } = start(['doctor', '--for', '1m']);
  child.stdout?.destroy();
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain('Error');
});
