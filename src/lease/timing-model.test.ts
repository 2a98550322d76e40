import { describe, expect, it } from 'vitest';
import { TIMING_MODEL_DEFAULT, TIMING_MODELS, timingModel, type TimingModelName } from './timing-model.ts';

const made = (given: unknown): unknown => timingModel('acquire timing', given as never);

/** How fast an oscillator that is 500 ppm fast runs while it is slewed by so much, in ppm. */
const slewed = (slewPpm: number): number => ((1 + slewPpm / 1e6) * (1 + 500 / 1e6) - 1) * 1e6;

describe('the models of the library', () => {
  it('carry their own names, are valid, and check for suspend', () => {
    for (const [name, model] of Object.entries(TIMING_MODELS)) {
      expect(model.name).toBe(name);
      expect(model.suspend).toBe('checked');
      expect(made(model)).toEqual(model);
      expect(made(name)).toEqual(model);
    }
  });

  it('cover what they are named after, for a holder and a granter at their worst', () => {
    const worst: Record<TimingModelName, number> = {
      'one-percent': 10_000,
      adjtime: slewed(500),
      'chrony-initial': slewed(83_333.333_334),
    };
    for (const name of Object.keys(worst) as TimingModelName[]) {
      expect(TIMING_MODELS[name].holderRatePpm).toBeGreaterThanOrEqual(worst[name]);
      expect(TIMING_MODELS[name].granterRatePpm).toBeGreaterThanOrEqual(worst[name]);
    }
  });

  it('cannot be changed for everybody', () => {
    expect(Object.isFrozen(TIMING_MODELS)).toBe(true);
    for (const model of Object.values(TIMING_MODELS)) expect(Object.isFrozen(model)).toBe(true);
  });
});

describe('timingModel', () => {
  it('is one percent when nothing is said', () => {
    expect(timingModel('acquire timing')).toEqual(TIMING_MODELS['one-percent']);
    expect(TIMING_MODEL_DEFAULT).toBe(TIMING_MODELS['one-percent']);
  });

  it('fills in what is left out, or undefined, and calls it custom', () => {
    const expected = { ...TIMING_MODEL_DEFAULT, name: 'custom', holderRatePpm: 50 };
    expect(made({ holderRatePpm: 50 })).toEqual(expected);
    expect(made({ holderRatePpm: 50, granterRatePpm: undefined, name: undefined })).toEqual(expected);
    expect(made({ name: 'mine', suspend: 'ignored' })).toEqual({
      ...TIMING_MODEL_DEFAULT,
      name: 'mine',
      suspend: 'ignored',
    });
  });

  it('does not keep the object that it was given', () => {
    const given = { holderRatePpm: 50 };
    const model = timingModel('acquire timing', given);
    given.holderRatePpm = 0;
    expect(model.holderRatePpm).toBe(50);
  });

  it.each(['holderRatePpm', 'granterRatePpm'])('takes %s up to a tenth', (rate) => {
    for (const value of [0, 100_000]) expect(made({ [rate]: value })).toMatchObject({ [rate]: value });
    for (const value of [-1, 100_001]) expect(() => made({ [rate]: value })).toThrow(`acquire timing ${rate}: `);
    expect(() => made({ [rate]: Number.NaN })).toThrow('[TC_NOT_FINITE]');
    expect(() => made({ [rate]: '50' })).toThrow('[TC_NOT_FINITE]');
  });

  it.each(['holderGranularityMs', 'granterGranularityMs'])('takes %s up to a minute', (granularity) => {
    for (const value of [0, 60_000]) expect(made({ [granularity]: value })).toMatchObject({ [granularity]: value });
    for (const value of [-1, 60_001]) expect(() => made({ [granularity]: value })).toThrow('[TC_OUT_OF_RANGE]');
    expect(() => made({ [granularity]: null })).toThrow('[TC_NOT_FINITE]');
  });

  it('refuses names and options that it does not know', () => {
    expect(() => made('adjtimex')).toThrow('there is no timing model string "adjtimex". Did you mean adjtime?');
    expect(() => made('toString')).toThrow('The models are one-percent, adjtime, chrony-initial.');
    expect(() => made({ holderRatePPM: 5 })).toThrow('Did you mean holderRatePpm?');
    expect(() => made({ suspend: 'ignore' })).toThrow("acquire timing suspend: requires 'checked' or 'ignored'");
    for (const given of [null, 5, [], () => 5]) expect(() => made(given)).toThrow('[TC_INVALID_ARGUMENT]');
  });
});
