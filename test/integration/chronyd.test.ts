/**
 * G1 against a real chronyd, which serves this machine's wall clock (`-x`: it never touches the clock).
 *
 * Runs wherever the binary is found; a skip says why. The truth is the machine's wall clock, known to a tick edge.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BoundedClock, measureTickEdges, ntp, systemClock, type Interval } from 'truechimer';
import { remember } from '../servers/leftovers.ts';
import { FAST, serverOf, type Truth } from './truth.ts';
import { until } from './until.ts';

function findChronyd(): string | undefined {
  for (const path of ['/usr/sbin/chronyd', '/usr/bin/chronyd', '/usr/local/sbin/chronyd']) {
    try {
      execFileSync(path, ['--version'], { stdio: 'ignore' });
      return path;
    } catch {
      // not there, or not runnable: try the next place
    }
  }
  return undefined;
}

const CHRONYD = findChronyd();
if (CHRONYD === undefined)
  process.stderr.write('skipped: the chronyd tests: no chronyd binary found (install chrony)\n');

/** A UDP port that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

/** Starts at other ports when somebody was faster to a free one. */
const STARTS_MAX = 20;
/** One that runs answers at once, if it answers. */
const PROBE_MAX_MS = 200;

/** Whether something at this address answers in NTP, even if it refuses or has no time to tell. */
async function answers(address: string): Promise<boolean> {
  const signal = new AbortController().signal;
  const { outcome } = await ntp(address).measure({ clock: systemClock.port, timeoutMs: PROBE_MAX_MS, signal });
  return outcome !== 'unreachable' && outcome !== 'timeout';
}

/** A chronyd of our own on a free loopback port, stopped by its process. */
class Chronyd {
  readonly address: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #forget: () => void;
  #isRunning = true;

  private constructor(address: string, process: ChildProcess, folder: string) {
    this.address = address;
    this.#process = process;
    this.#folder = folder;
    this.#forget = remember({ pid: process.pid, signal: 'SIGKILL', folder });
    process.once('exit', () => (this.#isRunning = false));
  }

  static async start(binary: string, extra: readonly string[]): Promise<Chronyd> {
    for (let starts = 1; starts <= STARTS_MAX; starts += 1) {
      const server = await Chronyd.#launch(binary, extra);
      while (server.#isRunning) if (await answers(server.address)) return server;
      await server.stop();
    }
    throw new Error('chronyd did not start');
  }

  static async #launch(binary: string, extra: readonly string[]): Promise<Chronyd> {
    const folder = await mkdtemp(join(tmpdir(), 'truechimer-chronyd-'));
    const port = await freePort();
    const lines = [
      `port ${port}`,
      'bindaddress 127.0.0.1',
      'cmdport 0',
      'bindcmdaddress /',
      'allow 127.0.0.1',
      `pidfile ${join(folder, 'pid')}`,
      `driftfile ${join(folder, 'drift')}`,
      ...extra,
    ];
    const config = join(folder, 'chrony.conf');
    await writeFile(config, `${lines.join('\n')}\n`);
    const args = ['-x', '-d', '-U', '-f', config];
    if (process.getuid?.() === 0) args.push('-u', 'root');
    return new Chronyd(`127.0.0.1:${port}`, spawn(binary, args, { stdio: 'ignore' }), folder);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    if (this.#isRunning) await ended;
    await rm(this.#folder, { recursive: true, force: true });
    this.#forget();
  }
}

/** The wall clock at a monotonic reading, as an interval: what chronyd -x serves. */
function wallRelation(): Interval {
  for (let tries = 0; tries < RELATION_TRIES_MAX; tries += 1) {
    const measured = measureTickEdges(systemClock.port, { edges: 10 });
    if (measured.result === 'measured') return measured.relation;
  }
  throw new Error('the wall clock is stepped all the time, or does not tick');
}

const RELATION_TRIES_MAX = 10;

describe.skipIf(CHRONYD === undefined)('chronyd', () => {
  const running: Chronyd[] = [];

  beforeAll(async () => {
    const binary = CHRONYD ?? '';
    running.push(await Chronyd.start(binary, ['local stratum 3']));
    running.push(await Chronyd.start(binary, [])); // no reference at all: unsynchronised
    running.push(await Chronyd.start(binary, ['local stratum 3', 'ratelimit interval 12 burst 1 leak 1']));
  });

  afterAll(() => Promise.all(running.map((server) => server.stop())));

  const at = (index: number): string => running[index]?.address ?? '';

  it('G1: the truth is inside in every answer, and the bound is narrow', async () => {
    const relation = wallRelation();
    const clock = await BoundedClock.start({ sources: [ntp(at(0), { pace: FAST })] });
    let answers = 0;
    while (answers <= 100) {
      const beforeMs = performance.now();
      const now = clock.now();
      const afterMs = performance.now();
      if (now.status === 'bounded') {
        answers += 1;
        expect(now.earliest).toBeLessThanOrEqual(relation.latest + afterMs);
        expect(now.latest).toBeGreaterThanOrEqual(relation.earliest + beforeMs);
      }
      await delay(4);
    }
    expect(clock.status.sources[0]).toMatchObject({ verdict: 'truechimer', stratum: 3 });
    clock.learnWallRelation(wallRelation());
    const offset = clock.offset();
    expect(offset.status).toBe('bounded');
    if (offset.status === 'bounded') {
      expect(offset.earliestMs).toBeLessThanOrEqual(0);
      expect(offset.latestMs).toBeGreaterThanOrEqual(0);
    }
    clock.stop();
  });

  it('a chronyd without a reference is refused', async () => {
    const clock = await BoundedClock.start({ sources: [ntp(at(1), { pace: FAST })], waitMs: 1000 });
    await until(() => clock.status.sources[0]?.verdict === 'rejected');
    expect(clock.now().status).toBe('unbounded');
    expect(clock.status.sources[0]?.reason).toContain('unsynchronized');
    clock.stop();
  });

  it('a chronyd that limits its clients does no harm', async () => {
    const clock = await BoundedClock.start({ sources: [ntp(at(2), { pace: FAST })], timeoutMs: 100 });
    // One may be under way; more than that was refused.
    await until(() => {
      const [source] = clock.status.sources;
      return source !== undefined && source.attempts - source.exchanges > 1 && clock.now().status === 'bounded';
    });
    clock.stop();
  });

  it('G4: chronyd agrees with our own servers against a liar', async () => {
    const relation = wallRelation();
    const middleMs = (relation.earliest + relation.latest) / 2;
    const rootDispersionMs = 0.01 + (relation.latest - relation.earliest) / 2;
    const truth: Truth = (monotonicMs) => {
      const epochMs = middleMs + monotonicMs;
      const wholeMs = Math.floor(epochMs);
      return { wholeMs, fractionMs: epochMs - wholeMs };
    };
    const own = await Promise.all([serverOf(truth, { rootDispersionMs }), serverOf(truth, { offsetMs: 80 })]);
    const addresses = [at(0), ...own.map((server) => server.address)];
    const clock = await BoundedClock.start({ sources: addresses.map((address) => ntp(address, { pace: FAST })) });
    const verdicts = (): string => clock.status.sources.map((source) => source.verdict).join();
    await until(() => verdicts() === 'truechimer,truechimer,falseticker');
    expect(clock.now().status).toBe('bounded');
    clock.stop();
    await Promise.all(own.map((server) => server.close()));
  });
});
