import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { logScale, roundMoments } from './pauses-markup.ts';
import { renderPausesPage } from './pauses-page.ts';
import type { ReportedPause } from './pauses-schema.ts';
import { BUSY, reportOf, SPUN, STARTED, STATE, STOPPED } from './pauses.fixture.ts';

interface Page {
  querySelectorAll(selector: string): readonly { readonly textContent: string; getAttribute(name: string): string }[];
}

// Their types speak of the DOM's, which this project does not load.
const parse = (html: string): Page => (parseHTML(html) as unknown as { readonly document: Page }).document;

describe('the page', () => {
  const html = renderPausesPage(reportOf(BUSY));
  const page = parse(html);

  test('is self-contained: no script, no request', () => {
    expect(page.querySelectorAll('script, link, img, iframe, object')).toHaveLength(0);
    expect(html).not.toMatch(/https?:|url\(|@import|\bon\w+=/);
    for (const link of page.querySelectorAll('[href]')) expect(link.getAttribute('href')).toMatch(/^#pause-\d+$/);
  });

  test('has a bar, a tooltip and a row for each pause, and a line for each step', () => {
    expect([...page.querySelectorAll('.pause title')].map(({ textContent }) => textContent).sort()).toEqual([
      '1 s: cpu 200 … 250 ms, counter, explains 95 %\nin spin (/app/<b>.js:3:4)',
      '2.5 s: stopped 1.5 … 1.55 s, counter, explains 100 %',
      '5.88 s: unknown 120 ms or more, 58 % off the processor, 42 % computing\nin spin (/app/<b>.js:3:4)',
    ]);
    for (const link of page.querySelectorAll('svg a'))
      expect(page.querySelectorAll(link.getAttribute('href'))).toHaveLength(1);
    expect(page.querySelectorAll('.step')).toHaveLength(1);
  });

  test('a longer pause is a higher bar, later is further right', () => {
    const bars = [...page.querySelectorAll('.pause rect')].map((bar) =>
      [bar.getAttribute('x'), bar.getAttribute('height')].map(Number),
    );
    const [stopped, spun, doubtful] = bars as [number[], number[], number[]];
    expect(stopped[1]).toBeGreaterThan(spun[1]!);
    expect(spun[1]).toBeGreaterThan(doubtful[1]!);
    expect(spun[0]).toBeLessThan(stopped[0]!);
    expect(stopped[0]).toBeLessThan(doubtful[0]!);
  });

  test('holds no number that is none', () => {
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });
});

test('a silence at the end is the first thing that the page says', () => {
  const state = { ...STATE, isFinal: false };
  const ended = { how: 'signal', signal: 'SIGKILL' } as const;
  const page = parse(renderPausesPage(reportOf([STARTED], { state, ended, endedHrtimeMs: 504_000 })));
  expect(page.querySelectorAll('h1')[0]?.textContent).toBe(
    'It ended in a pause: silent for 4 s when SIGKILL ended it. No other pause of 100 ms or more in 10 s.',
  );
  expect(page.querySelectorAll('.last')).toHaveLength(1);
});

test('where a stack was to be expected, the page says why there is none', () => {
  const cellOf = (pause: ReportedPause): string | undefined =>
    parse(renderPausesPage(reportOf([STARTED, { type: 'pause', pause }]))).querySelectorAll('td.stack')[0]?.textContent;
  expect(cellOf({ ...SPUN, stacks: [] })).toBe('no stack: it was in a native call, or over too soon');
  expect(cellOf(STOPPED)).toBe('no stack');
});

test('names from the program stay text', () => {
  const pause = { ...SPUN, stacks: ['<script>alert(1)</script> "\'& (/app/x.js:1:1)'] };
  const html = renderPausesPage(reportOf([STARTED, { type: 'pause', pause }]));
  expect(html).not.toContain('<script');
  expect(parse(html).querySelectorAll('summary')[0]?.textContent).toBe(
    '<script>alert(1)</script> "\'& (/app/x.js:1:1)',
  );
});

test('without a pause, and without anything watched', () => {
  for (const report of [reportOf([STARTED]), reportOf([], { state: undefined })]) {
    expect(renderPausesPage(report)).not.toMatch(/NaN|undefined|Infinity|class="pause"/);
  }
});

test.each([
  [50, 120, [50, 100]],
  [40, 1700, [50, 100, 200, 500, 1000]],
  [40, 200_000, [100, 1000, 10_000, 100_000]],
])('a scale from %d to %d is labelled %j', (low, high, ticks) => {
  expect(logScale(low, high).ticks).toEqual(ticks);
  expect(logScale(low, high).at(low)).toBe(0);
  expect(logScale(low, high).at(high)).toBeCloseTo(1, 10);
});

test('moments are round in the units that people use', () => {
  expect(roundMoments(3_600_000, 10)).toEqual([0, 10, 20, 30, 40, 50, 60].map((minutes) => minutes * 60_000));
  expect(roundMoments(6710, 10)).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000]);
  expect(roundMoments(1, 10)).toEqual([0, 1]);
});
