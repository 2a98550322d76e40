import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../test/integration/until.ts';
import { withEnoughTime } from '../../test/support/enough-time.ts';
import { DIAGNOSTICS_CHANNELS, NtpServer, type NtpServerOptions, systemClock } from '../node/index.ts';
import { thisMachine } from './machine.ts';
import { type ExitCode, type ProgramContext, runProgram } from './program.ts';
import type { DoctorReport } from './report-schema.ts';

const opened: NtpServer[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

/** A server whose truth is this machine's wall clock to less than 10 µs, so that its offset is known. */
async function serve(options: NtpServerOptions = {}): Promise<string> {
  const server = await NtpServer.listen(options);
  opened.push(server);
  return server.address;
}

/** How well the truth is known in these tests, in ms. */
const TRUTH_ERROR_MS = 0.01;

interface Run {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(argv: readonly string[], context: Partial<ProgramContext> = {}): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runProgram(argv, {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    environment: {},
    clock: systemClock,
    machine: thisMachine,
    signal: new AbortController().signal,
    ...context,
  });
  return { code, stdout: out.join(''), stderr: err.join('') };
}

/** Long enough for a machine that is late, and too short for a second question. */
const ONE_QUESTION = ['--for', '19s', '--timeout', '19s'];
/** A server that says nothing is known to be silent long before the end. */
const NO_ANSWER = ['--for', '4s', '--timeout', '100ms'];

async function diagnose(
  addresses: readonly string[],
  rest: readonly string[] = ONE_QUESTION,
): Promise<DoctorReport & { readonly code: number }> {
  const servers = addresses.flatMap((address) => ['--server', address]);
  const { code, stdout } = await run(['doctor', ...servers, '--json', ...rest]);
  return { ...(JSON.parse(stdout) as DoctorReport), code };
}

function expectToContain(report: DoctorReport, truthMs: number): void {
  if (report.offset.status === 'unbounded') throw new Error(JSON.stringify(report, undefined, 2));
  expect(report.offset.earliestMs).toBeLessThanOrEqual(truthMs + TRUTH_ERROR_MS);
  expect(report.offset.latestMs).toBeGreaterThanOrEqual(truthMs - TRUTH_ERROR_MS);
  expect(report.recommendation.maxOffsetMs).toBeGreaterThanOrEqual(Math.abs(truthMs) - TRUTH_ERROR_MS);
}

const verdictsOf = (report: DoctorReport): string[] => report.sources.map((source) => source.verdict);

describe('named servers', () => {
  test('honest: bounded, the truth inside, over as soon as every burst is', async () => {
    const addresses = [
      await serve(),
      await serve({ delay: { outMs: 3 } }),
      await serve({ delay: { backMs: 3 }, stratum: 3 }),
    ];
    const report = await diagnose(addresses);
    expect(report.code).toBe(0);
    expectToContain(report, 0);
    expect(report).toMatchObject({ schema: 'truechimer.doctor/1', demonstration: false, ended: 'finished' });
    expect(report.sources.map((source) => source.address)).toEqual(addresses);
    expect(verdictsOf(report)).toEqual(['truechimer', 'truechimer', 'truechimer']);
    expect(report.sources[2]).toMatchObject({ exchanges: 1, stratum: 3, server: addresses[2] });
  });

  test('a wall clock that is wrong by a day', async () => {
    const offsetMs = -86_400_000;
    const report = await diagnose([await serve({ offsetMs }), await serve({ offsetMs })]);
    expect(report.code).toBe(0);
    expectToContain(report, offsetMs);
    expect(report.recommendation.maxOffsetMs).toBe(87_000_000);
  });

  test('one liar of four is outvoted', async () => {
    const report = await diagnose([await serve(), await serve({ offsetMs: 250 }), await serve(), await serve()]);
    expect(report.code).toBe(0);
    expectToContain(report, 0);
    expect(verdictsOf(report)).toEqual(['truechimer', 'falseticker', 'truechimer', 'truechimer']);
    expect(report.recommendation.verdict).toContain(`${report.sources[1]!.address} disagrees with the majority`);
  });

  test('two liars of four are refused, with what each group says', async () => {
    const report = await diagnose([
      await serve(),
      await serve({ offsetMs: 250 }),
      await serve(),
      await serve({ offsetMs: 250 }),
    ]);
    expect(report.code).toBe(1);
    expect(report.offset).toMatchObject({ status: 'unbounded', reason: 'no-agreement' });
    expect(report.clusters).toHaveLength(2);
    expect(report.recommendation.maxOffsetMs).toBeNull();
    expect(verdictsOf(report)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  });

  test('one silent of four does no harm', async () => {
    const servers = [await serve(), await serve({ silent: true }), await serve(), await serve()];
    const report = await withEnoughTime(async (limitMs) => {
      const tried = await diagnose(servers, ['--for', `${limitMs}ms`, '--timeout', `${limitMs}ms`]);
      return tried.sources.every(({ verdict }, at) => at === 1 || verdict === 'truechimer') ? tried : 'too late';
    });
    expect(report.code).toBe(0);
    expectToContain(report, 0);
    expect(report.sources[1]).toMatchObject({ verdict: 'unreachable', exchanges: 0, attempts: 1 });
  });

  test('a server that is not synchronised is rejected with the reason', async () => {
    const report = await diagnose([await serve({ leap: 3 })]);
    expect(report.code).toBe(1);
    expect(report.sources[0]).toMatchObject({ verdict: 'rejected', exchanges: 0 });
    expect(report.sources[0]!.reason).toMatch(/^unsynchronized/);
  });

  test('a kiss code of RATE ends it early', async () => {
    const report = await diagnose([await serve({ kiss: 'RATE' })]);
    expect(report.code).toBe(1);
    expect(report.sources[0]!.reason).toMatch(/^rate-limited/);
  });

  test('only unreachable ones: unbounded, long before the time is over', async () => {
    const server = await NtpServer.listen();
    await server.close();
    const report = await diagnose([server.address], [...ONE_QUESTION, '--falsetickers', '0']);
    expect(report).toMatchObject({
      code: 1,
      ended: 'finished',
      offset: { status: 'unbounded', reason: 'too-few-sources' },
    });
    expect(report.sources).toMatchObject([{ address: server.address, verdict: 'unreachable', exchanges: 0 }]);
  });

  test('IPv6', async () => {
    const address = await serve({ host: '::1' });
    expect(address).toMatch(/^\[::1\]:\d+$/);
    const report = await diagnose([address]);
    expect(report.code).toBe(0);
    expectToContain(report, 0);
    expect(report.sources[0]!.address).toBe(address);
    expect(report.recommendation.verdict).toContain('nobody can notice if it lies');
  });

  test('are asked at most every 2 s even on this machine', async () => {
    const address = await serve();
    const [server] = opened;
    const { sources } = await diagnose([address], [...ONE_QUESTION, '--drift', '10']);
    expect(sources[0]!.attempts).toBe(1);
    expect(server!.requests).toBe(1);
  });
});

describe('the demonstration', () => {
  test('says what it is, bounds this very clock, and outvotes the liar', async () => {
    const { code, stdout } = await run(['doctor', '--json', '--for', '1m']);
    const report = JSON.parse(stdout) as DoctorReport;
    expect(code).toBe(0);
    expect(report.demonstration).toBe(true);
    expect(verdictsOf(report)).toEqual(['truechimer', 'truechimer', 'truechimer', 'falseticker']);
    expectToContain(report, 0);
    expect(report.recommendation.verdict).toMatch(/^This is a demonstration/);
    expect(report.wallRate.status).toBe('measured');
  });

  test('for people: the same in text, one note on stderr where there is no terminal', async () => {
    const { code, stdout, stderr } = await run(['doctor', '--for', '1m']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^truechimer doctor/);
    expect(stdout).toContain('Demonstration: no --server was given');
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('truechimer doctor: asking 4 servers for at most 60 s\n');
  });

  test('progress is drawn on a terminal and erased', async () => {
    const drawn: string[] = [];
    const stderr = { write: (text: string) => drawn.push(text), isTTY: true, columns: 80, rows: 24 };
    const { stdout } = await run(['doctor', '--for', '300ms', '--json'], { stderr });
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    expect(drawn.join('')).toContain('Ctrl-C ends early');
    expect(drawn.at(-1)).toBe('\u001b[5A\r\u001b[J');
  });
});

describe('ends always', () => {
  test('at the limit, when a server says nothing', async () => {
    const report = await diagnose([await serve({ silent: true })], NO_ANSWER);
    expect(report.code).toBe(1);
    expect(report.offset).toMatchObject({ status: 'unbounded', reason: 'too-few-sources' });
  });

  test('when interrupted, with what is known', async () => {
    const address = await serve();
    const interrupt = new AbortController();
    let knows = false;
    const listener = (change: unknown): void => {
      knows ||= (change as { readonly to: string }).to === 'synchronized';
    };
    subscribe(DIAGNOSTICS_CHANNELS.status, listener);
    const running = run(['doctor', '--server', address, '--for', '10m', '--json'], { signal: interrupt.signal });
    await until(() => knows);
    unsubscribe(DIAGNOSTICS_CHANNELS.status, listener);
    interrupt.abort();
    const { code, stdout } = await running;
    const report = JSON.parse(stdout) as DoctorReport;
    expect(code).toBe(0);
    expect(report.ended).toBe('interrupted');
    expectToContain(report, 0);
  });

  test('when interrupted before anything is known: unbounded', async () => {
    const { code, stdout } = await run(['doctor', '--server', await serve({ silent: true }), '--json'], {
      signal: AbortSignal.abort(),
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ended: 'interrupted',
      offset: { status: 'unbounded', reason: 'synchronizing' },
    });
  });
});
