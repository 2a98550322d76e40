/**
 * G14 and G27: nothing keeps a process alive except what somebody awaits, and what was closed leaves nothing. Real processes, real sockets.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
const ENTRIES = {
  index: source('index.ts'),
  lease: source('holder/index.ts'),
  memory: source('stores/memory.ts'),
};

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truechimer-lifetime-'));
  const outExtension = (): { js: string } => ({ js: '.mjs' });
  await build({
    entry: ENTRIES,
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

const LEASES = `
  const { acquire, campaign, withLease } = await import(place('lease.mjs'));
  const { MemoryLeaseStore } = await import(place('memory.mjs'));
  const store = new MemoryLeaseStore({ clock: systemClock });
`;

/** A script that has not ended after this has hung; the longest takes 6 s. */
const LIFE_MAX_MS = 100_000;

/** A resolver that nobody answers is asked once, for a second: a lookup cannot be cancelled, and until it ends the process does not. */
const ENVIRONMENT = { ...process.env, RES_OPTIONS: 'timeout:1 attempts:1' };

/** Runs a script beside the built package; a script that does not end is killed and fails the test. */
function run(script: string): Promise<Ended> {
  const source = `import { BoundedClock, NtpServer, systemClock } from ${JSON.stringify(join(folder, 'index.mjs'))};
    const place = (name) => ${JSON.stringify(folder)} + '/' + name;\n${script}`;
  return new Promise((resolve) => {
    const args = ['--input-type=module', '-e', source];
    execFile(process.execPath, args, { timeout: LIFE_MAX_MS, env: ENVIRONMENT }, (error, stdout, stderr) => {
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

  it('G14: a leader that waits for nothing but its signal keeps it alive, until it resigns', async () => {
    const ended = await run(`${LEASES}
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 700).unref();
      const lead = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve));
      await campaign(store, 'job', { ttlMs: 30_000, signal: stop.signal, lead });
      const run = await withLease(store, 'job', { ttlMs: 30_000 }, () => new Promise((resolve) => setTimeout(resolve, 300).unref()));
      console.log(run.ending);
    `);
    expect(ended).toEqual({ code: 0, stdout: 'released\n', stderr: '' });
  });

  it('G14: a lease that is only held does not', async () => {
    const ended = await run(`${LEASES}
      const lease = await acquire(store, 'job', { ttlMs: 30_000 });
      console.log(lease.acquired);
    `);
    expect(ended).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
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

  it('G27: pause monitors keep nothing alive, and leave no timer, listener, thread or open file', async () => {
    const ended = await run(`
      import { createHook } from 'node:async_hooks';
      import { readdirSync } from 'node:fs';
      const timers = new Set();
      const init = (id, type) => { if (type === 'Timeout') timers.add(id); };
      createHook({ init, destroy: (id) => { timers.delete(id); } }).enable();
      const { monitorPauses } = await import(place('index.mjs'));
      const descriptors = () => {
        try { return readdirSync('/proc/self/fd').length; } catch { return 0; }
      };
      const look = () => ({
        resources: process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY/.test(name)).length,
        timers: timers.size,
        listeners: ['SIGCONT', 'exit', 'beforeExit'].map((name) => process.listenerCount(name)).join(),
        descriptors: descriptors(),
      });
      const turn = () => new Promise(setImmediate);
      const round = async (options) => {
        const monitor = monitorPauses(options);
        const paused = new Promise((resolve) => monitor.onPause(resolve));
        const untilMs = performance.now() + 200;
        while (performance.now() < untilMs);
        const keepsAlive = setInterval(() => {}, 1000);
        if (options.watchdog) while (monitor.watchdog.state === 'starting') await turn();
        await paused;
        monitor.close();
        clearInterval(keepsAlive);
      };
      const untouched = look();
      // What Node.js itself opens once and keeps is there after the first round.
      await round({});
      await round({ watchdog: true });
      await turn();
      // The last thread may still be ending: then there is more now than later, but not more than three rounds would leave.
      const before = look();
      for (let count = 0; count < 3; count += 1) {
        await round({});
        await round({ watchdog: true });
      }
      const isAsBefore = ({ resources, timers, listeners, descriptors }) =>
        timers === untouched.timers && listeners === untouched.listeners &&
        resources <= before.resources && descriptors <= before.descriptors;
      // A thread needs a moment to end: a run that never comes back to what it was is killed and fails.
      while (!isAsBefore(look())) await turn();
      console.log('as before');
      // Two that nobody closes: the process ends all the same.
      monitorPauses();
      monitorPauses({ watchdog: true });
    `);
    expect(ended).toEqual({ code: 0, stdout: 'as before\n', stderr: '' });
  });
});
