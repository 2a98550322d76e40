import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Findings } from './findings.ts';
import { BOUNDED, CONTRADICTION, SILENCE } from './findings.fixture.ts';
import { plainPaint } from './paint.ts';
import { buildReport } from './report.ts';
import { widthOf } from './text-layout.ts';
import { renderReport } from './text-report.ts';

const render = (findings: Findings, width = 100): string =>
  `\n${renderReport(buildReport(findings), { paint: plainPaint, width })}`;

describe('golden', () => {
  test('bounded, one outvoted', () => {
    expect(render(BOUNDED)).toMatchInlineSnapshot(`
      "
      truechimer doctor 1.2.3   Node.js v20.20.2 on linux x64, 2026-01-02T03:04:05.006Z

      Clocks
        wall       1 ms steps     rate -0.04 … +0.03 ppm to monotonic, over 6.01 s
        monotonic  250 ns steps   stands still in suspend
        boot       10 ms steps    counts suspend; none since boot (within 7.5 ms)
        meanwhile  no wall steps  no suspends

      Sources
        server                verdict        offset                delay  stratum  answers
        ntp1.example.net:123  ✓ truechimer   -0.42 … +2.50 ms    2.91 ms        2      4/4
        ntp2.example.net:123  ✓ truechimer   -1.25 … +1.24 ms    2.48 ms        2      4/4
        [2001:db8::7]:123     ✓ truechimer   -2.00 … +3.00 ms       5 ms        2      4/4
        203.0.113.9:123       ✗ falseticker  +249.5 … +252.3 ms  2.75 ms        2      4/4
          it disagrees with the majority

        ntp1.example.net:123                           ├─────────────────────┊────────────────┤
        ntp2.example.net:123                ├──────────┊─────────────────────┤
        [2001:db8::7]:123         ├────────────────────┊─────────────────────┊───────────────────────┤
        203.0.113.9:123                                                               +249.5 … +252.3 ms ▶
        agreed                                         ┣━━━━━━━━━━━━━━━━━━━━━┫
                              └──────────────────────────────┴───────────────────────────────────────────┘
                              -2.3 ms                        0                                     +3.3 ms

      Offset  true time minus the wall clock; positive: the wall clock is slow
        bounds    -0.42 … +1.24 ms  1.65 ms wide: certain under the premises
        estimate  +400 µs           standard error 50 µs: statistics, no guarantee
                  +302 … +498 µs    with 95 % confidence
        premises: this machine drifts at most 50 ppm; at most 1 of 4 servers lies

      Verdict
        - The wall clock of this machine can be wrong by up to 1.3 ms; a Date.now() stamp is floored to
          its step on top.
        - Two machines this good can differ by up to 2.6 ms: use at least that as max-offset in systems
          like CockroachDB, and do not order events closer than that by wall time.
        - That holds now: left to itself, a clock that drifts by 50 ppm runs away by up to 4.33 s a day.
        - 203.0.113.9:123 disagrees with the majority by at least 248 ms and was outvoted: find out why,
          or drop it.
      "
    `);
  });

  test('a contradiction, on a terminal of 80 columns', () => {
    expect(render(CONTRADICTION, 80)).toMatchInlineSnapshot(`
      "
      truechimer doctor 1.2.3
      Node.js v20.20.2 on linux x64, 2026-01-02T03:04:05.006Z

      Clocks
        wall       1 ms steps     rate -0.04 … +0.03 ppm to monotonic, over 6.01 s
        monotonic  250 ns steps   stands still in suspend
        boot       10 ms steps    counts suspend; none since boot (within 7.5 ms)
        meanwhile  no wall steps  no suspends

      Sources
        server  verdict     offset             delay  stratum  answers
        a:123   ✗ rejected  -1.00 … +1.00 ms    2 ms        2      4/4
          there is no agreement to judge it by
        b:123   ✗ rejected  +99.0 … +101.0 ms   2 ms        2      4/4
          there is no agreement to judge it by

        a:123       ├┤
        b:123                                                                   ├┤
                └───┴────────────────────────────────────────────────────────────────┘
                -7.12 ms                                                       +107 ms

      Offset  true time minus the wall clock; positive: the wall clock is slow
        unbounded  no-agreement: no majority of the 2 sources that answered agrees:
                   a:123 against b:123

      Verdict
        - Nobody can say how far this clock is off, so no limit is given: do not rely
          on its timestamps.
        - The servers contradict each other: a:123 says -1.00 … +1.00 ms; b:123 says
          +99.0 … +101.0 ms.
        - Name four or more servers of different operators, so that a majority can
          decide.
      "
    `);
  });

  test('silence, on the narrowest', () => {
    expect(render(SILENCE, 40)).toMatchInlineSnapshot(`
      "
      truechimer doctor 1.2.3
      Node.js v20.20.2 on linux x64,
      2026-01-02T03:04:05.006Z

      Clocks
        wall       1 ms steps     rate -….01 s
        monotonic  250 ns steps   stands…spend
        boot       10 ms steps    counts…5 ms)
        meanwhile  no wall steps  no suspends

      Sources
        server  verdict        offset  delay
        a:123   – unreachable
          no reply from a:123 within 1000 ms

      Offset
        unbounded  too-few-sources: none of
                   the 1 sources gave an
                   answer that can be used

      Verdict
        - Nobody can say how far this clock is
          off, so no limit is given: do not
          rely on its timestamps.
        - No server answered: check the names,
          the network, and that UDP to port
          123 is not blocked.
      "
    `);
  });

  test('the demonstration says so before anything else', () => {
    expect(render({ ...BOUNDED, demonstration: true }).split('\n')[3]).toMatch(/^Demonstration: no --server was given/);
  });
});

/** Every number in a report, however deep. */
function numbersOf(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}

describe('any report', () => {
  const size = fc.oneof(
    fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1e-6, max: 1e-6, noNaN: true }),
  );
  const span = fc.tuple(size, size).map(([a, b]) => ({ earliest: Math.min(a, b), latest: Math.max(a, b) }));
  const source = fc
    .record({
      name: fc.string({ minLength: 1, maxLength: 120 }),
      verdict: fc.constantFrom('truechimer', 'falseticker', 'rejected', 'unreachable', 'unmeasured'),
      exchanges: fc.nat(),
      attempts: fc.nat(),
      pollMs: fc.nat(),
      offset: fc.option(span, { nil: undefined }),
      delayMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
      stratum: fc.option(fc.nat(15), { nil: undefined }),
      reason: fc.option(fc.string({ maxLength: 300 }), { nil: undefined }),
    })
    .map((raw) => Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)));
  const offset = fc.oneof(
    fc
      .tuple(span, size, fc.double({ min: 0, max: 1e12, noNaN: true }))
      .map(([{ earliest, latest }, estimateMs, standardErrorMs]) => ({
        ...BOUNDED.offset,
        status: 'bounded',
        earliestMs: earliest,
        latestMs: latest,
        estimateMs,
        standardErrorMs,
        confidence: { level: 0.999_999, lowMs: earliest, highMs: latest },
      })),
    fc.record({
      status: fc.constant('unbounded'),
      reason: fc.constantFrom('no-agreement', 'synchronizing'),
      detail: fc.string(),
    }),
  );

  test('is rendered within its width, and every number of its JSON is finite', () => {
    fc.assert(
      fc.property(
        fc.array(source, { maxLength: 8 }),
        offset,
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        (sources, found, width, demonstration) => {
          const findings = {
            ...BOUNDED,
            demonstration,
            offset: found as Findings['offset'],
            status: { ...BOUNDED.status, sources: sources as unknown as Findings['status']['sources'] },
          };
          const report = buildReport(findings);
          const text = renderReport(report, { paint: plainPaint, width });
          for (const line of text.split('\n'))
            expect(widthOf(line)).toBeLessThanOrEqual(Math.min(100, Math.max(40, width)));
          expect(text).not.toMatch(/NaN|Infinity|undefined/);
          expect(text).not.toContain('\u001b');
          expect(numbersOf(report).every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });
});
