/**
 * G14: nothing keeps a process alive except what somebody awaits. Real processes, real sockets.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truechimer-lifetime-'));
  const outExtension = (): { js: string } => ({ js: '.mjs' });
  await build({
    entry: [SOURCE],
    outDir: folder,
    format: ['esm'],
    outExtension,
    silent: true,
    config: false,
    clean: false,
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script beside the built package; a script that does not end is killed and fails the test. */
function run(script: string): Promise<Ended> {
  const source = `import { BoundedClock, NtpServer, systemClock } from ${JSON.stringify(join(folder, 'index.mjs'))};\n${script}`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', source], { timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

describe('the life of a process', () => {
  it('G14: a running clock does not keep it alive', async () => {
    const ended = await run(`
      const server = await NtpServer.listen({ keepsAlive: false });
      const clock = await BoundedClock.start({ sources: [server.address] });
      console.log(clock.now().status);
    `);
    expect(ended).toEqual({ code: 0, stdout: 'bounded\n', stderr: '' });
  });

  it('G14: what is awaited does: start, ready and waitUntilPassed finish although everything else is unreferenced', async () => {
    const ended = await run(`
      const server = await NtpServer.listen({ keepsAlive: false, delay: { outMs: 200 } });
      const clock = BoundedClock.startWithoutWaiting({ sources: [server.address] });
      const ready = await clock.ready();
      const passed = await clock.waitUntilPassed(ready.latest + 300);
      console.log(passed.earliest > ready.latest + 300);
    `);
    expect(ended).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
  });

  it('G14: a clock without any server ends its start, and the process ends', async () => {
    const ended = await run(`
      const clock = await BoundedClock.start({ sources: ['127.0.0.1:9', 'no.such.host.invalid'], waitMs: 5000 });
      console.log(clock.now().status, clock.status.sources.map((source) => source.verdict).join());
    `);
    expect(ended).toEqual({ code: 0, stdout: 'unbounded unreachable,unreachable\n', stderr: '' });
  });

  it('G14: a wait rejects when its time is over, when it is aborted, and when the clock is stopped', async () => {
    const ended = await run(`
      const clock = BoundedClock.startWithoutWaiting({ sources: ['127.0.0.1:9'] });
      const codes = [];
      await clock.ready({ timeoutMs: 50 }).catch((error) => codes.push(error.code, error.name));
      await clock.ready({ signal: AbortSignal.abort(new Error('enough')) }).catch((error) => codes.push(error.message));
      const waiting = clock.ready().catch((error) => codes.push(error.code));
      clock.stop();
      await waiting;
      console.log(codes.join());
    `);
    expect(ended).toEqual({ code: 0, stdout: 'TC_TIMED_OUT,TimeoutError,enough,TC_STOPPED\n', stderr: '' });
  });
});
