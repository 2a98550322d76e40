import fc from 'fast-check';
import { expect, test } from 'vitest';
import { colourPaint, plainPaint } from './paint.ts';
import { renderPausesPage } from './pauses-page.ts';
import type { PausesReport, ReportedPause } from './pauses-schema.ts';
import { renderLivePause, renderLiveStep, renderPausesSummary } from './pauses-text.ts';
import { BUSY, DOUBTFUL, reportOf, SPUN, STARTED, STATE, STOPPED } from './pauses.fixture.ts';
import { widthOf } from './text-layout.ts';

const render = (report: PausesReport, width = 100): string =>
  `\n${renderPausesSummary(report, { paint: plainPaint, width })}`;

test('live lines', () => {
  const step = { atMs: 2000, deltaMs: 3_600_000, maybeSuspend: true };
  const lines = [SPUN, STOPPED, DOUBTFUL, { ...SPUN, cause: 'blocked', detail: 'io', stacks: [] } as const];
  expect(`\n${lines.map((pause) => renderLivePause(pause, plainPaint)).join('')}${renderLiveStep(step, plainPaint)}`)
    .toMatchInlineSnapshot(`
    "
    truechimer     1.20 s  cpu 200 … 250 ms, counter, explains 95 %
                           in spin (/app/<b>.js:3:4)
    truechimer     4.00 s  stopped 1.5 … 1.55 s, counter, explains 100 %
    truechimer     6.00 s  unknown 120 ms or more, 58 % off the processor, 42 % computing
                           in spin (/app/<b>.js:3:4)
    truechimer     1.20 s  blocked (io) 200 … 250 ms, counter, explains 95 %
    truechimer     2.00 s  wall clock set by +60 min, unless the machine slept
    "
  `);
});

test('golden: three pauses and a step', () => {
  expect(render(reportOf(BUSY))).toMatchInlineSnapshot(`
    "
    truechimer pauses 1.2.3
    node main.js: exit code 0, Node.js v20.20.2, pid 4711

    3 pauses, 1.82 s of 10 s (18 %).

    Causes
      cause    pauses  together  longest
      stopped       1     1.5 s    1.5 s  stopped by a signal
      cpu           1    200 ms   200 ms  it computed
      unknown       1    120 ms   120 ms  no single cause: see where the time went

    Lengths  pauses of each length, by how late the program was
      from 100 ms  1  ?
      from 200 ms  1  c
      from 500 ms  0
         from 1 s  1  S
      c cpu  S stopped  ? unknown

    Worst  by when they began; the lines while it ran say when they were over
      2.50 s  stopped  1.5 … 1.55 s    counter, explains 100 %
      1.00 s  cpu      200 … 250 ms    counter, explains 95 %
          at now (node:internal/perf:1:2)
          at spin (/app/<b>.js:3:4)
          at /app/main.js:9:1
      5.88 s  unknown  120 ms or more  58 % off the processor, 42 % computing
          at now (node:internal/perf:1:2)
          at spin (/app/<b>.js:3:4)
          at /app/main.js:9:1

    Steps of the wall clock
      2.00 s  -7 s

    Lateness  how late wake-ups were
                    p50     p90     p99  p99.9    max
      raw        300 µs  600 µs  200 ms  1.5 s  1.5 s  160 wake-ups, planned every 50 ms
      corrected  400 µs  800 µs  200 ms  1.5 s  1.5 s  with those that long pauses prevented

    Seen
      read: running or waiting, quota of the control group, time taken by the hypervisor, pressure on
      storage and memory, an attached debugger, suspends counted by the kernel, the hardware clock, time
      asleep, garbage collections, the signal that continues, a second thread, stacks while blocked
      not here: the main thread's own processor time, freezer of the control group, a machine stopped or
      moved

    Leases
      Time to live 4.79 s, renewed every 1.56 s: tolerates pauses of 3.1 s, with round trips of 10 ms
      assumed. 1 longer was seen in 10 s, which shows that such pauses are at least 1.79 s apart on
      average (95 % sure). To show that they end a lease in less than 0.1 % of the hours, watch for 465
      days more, all processes together.
    "
  `);
});

test('golden: killed while it was paused, on a narrow terminal, nothing seen before', () => {
  const report = reportOf([STARTED], {
    state: { ...STATE, isFinal: false },
    endedHrtimeMs: 504_000,
    ended: { how: 'signal', signal: 'SIGKILL' },
  });
  expect(render(report, 60)).toMatchInlineSnapshot(`
    "
    truechimer pauses 1.2.3
    node main.js: ended by SIGKILL, Node.js v20.20.2, pid 4711

    It ended in a pause: silent for 4 s when SIGKILL ended it.
    No other pause of 100 ms or more in 10 s.
    That last pause was never over: its cause is not known, and
    it is not counted below.

    Lateness  how late wake-ups were
                    p50     p90     p99  p99.9    max
      raw        300 µs  600 µs  200 ms  1.5 s  1.5 s  160 …0 ms
      corrected  400 µs  800 µs  200 ms  1.5 s  1.5 s  with…nted

    Seen
      read: running or waiting, quota of the control group, time
      taken by the hypervisor, pressure on storage and memory,
      an attached debugger, suspends counted by the kernel, the
      hardware clock, time asleep, garbage collections, the
      signal that continues, a second thread, stacks while
      blocked
      not here: the main thread's own processor time, freezer of
      the control group, a machine stopped or moved

    Leases
      No suggestion: the last pause was never over, so its
      length is not known.
    "
  `);
});

test('killed while it was paused, after other pauses', () => {
  const text = render(reportOf(BUSY, { state: { ...STATE, isFinal: false }, endedHrtimeMs: 504_000 }));
  expect(text).toContain('It ended in a pause: silent for 4 s when it ended. Before that 3 pauses, 1.82 s of 10 s');
  expect(text).not.toContain('Time to live');
});

test('where a stack was to be expected, a line says why there is none', () => {
  const missing = 'no stack: it was in a native call, or over too soon';
  const pause = { ...SPUN, stacks: [] };
  const messages = [STARTED, { type: 'pause', pause } as const];
  expect(render(reportOf(messages))).toContain(missing);
  const state = { ...STATE, capabilities: { ...STATE.capabilities, stack: false } };
  expect(render(reportOf(messages, { state }))).not.toContain(missing);
  expect(render(reportOf([STARTED, { type: 'pause', pause: STOPPED }]))).not.toContain(missing);
});

test('what is unknown is so because nothing had the greater part, or because nothing was read', () => {
  const unread = { ...DOUBTFUL, rule: 'nothing', parts: { ...STOPPED.parts, offCpuMs: 0, unmeasuredMs: 120 } };
  const causes = (...pauses: readonly ReportedPause[]): string =>
    render(reportOf([STARTED, ...pauses.map((pause) => ({ type: 'pause', pause }) as const)]), 140);
  expect(causes(DOUBTFUL)).toContain('no single cause: see where the time went\n');
  expect(causes(unread)).toMatch(/120 ms {2}what was read does not tell/);
  expect(causes(DOUBTFUL, unread)).toContain('no single cause');
  expect(causes({ ...DOUBTFUL, candidates: ['cpu', 'blocked'] })).toContain('58 % off the processor, 42 % computing');
});

test('a wake-up in time is on time, not late by the smallest value of a histogram', () => {
  const inTime = { count: 9, meanMs: 1e-6, maxMs: 0.4, percentiles: [{ percentile: 50, lateMs: 1e-6 }] };
  const report = reportOf(BUSY, { state: { ...STATE, lateness: { raw: inTime, corrected: inTime } } });
  const text = render(report);
  expect(text).toMatch(/raw +on time +400 µs/);
  expect(text + renderPausesPage(report)).not.toMatch(/\b1 ns/);
  expect(renderPausesPage(report)).toContain('<td class="number">on time</td>');
});

test('golden: nothing was watched', () => {
  expect(render(reportOf([], { state: undefined }))).toMatchInlineSnapshot(`
    "
    truechimer pauses 1.2.3
    node main.js: exit code 0

    No Node.js process took the detector: nothing was watched.
    The usual reasons: it started no Node.js process; NODE_OPTIONS was cleared on the way to it; or
    Node.js ran with --permission and without --allow-fs-write for the temporary folder (and
    --allow-fs-read for the detector's file).
    "
  `);
});

test('no line is wider than asked, and what the program is called cannot steer the terminal', () => {
  const hostile = { ...SPUN, stacks: ['\u001b[2Jevil\u0007 (/app/x.js:1:1)'] };
  const report = reportOf([...BUSY, { type: 'pause', pause: hostile }]);
  expect(renderLivePause(hostile, plainPaint)).not.toMatch(/[\u0007\u001b]/);
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 140 }), (width) => {
      const text = render(report, width);
      expect(text).not.toMatch(/[\u0007\u001b]/);
      for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(Math.min(100, width));
    }),
  );
});

test('colours add nothing but colours', () => {
  const painted = renderPausesSummary(reportOf(BUSY), { paint: colourPaint, width: 100 });
  expect(`\n${painted.replace(/\u001b\[\d+m/g, '')}`).toBe(render(reportOf(BUSY)));
});
