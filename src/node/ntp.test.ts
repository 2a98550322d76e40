import { describe, expect, it } from 'vitest';
import { ntp } from './ntp.ts';

describe('ntp', () => {
  it('makes a source out of an address and options', () => {
    const source = ntp('[2001:db8::1]', { timeScale: 'smeared-utc', pace: { pollMinMs: 64_000 } });
    expect(source.name).toBe('[2001:db8::1]:123');
    expect(source.timeScale).toBe('smeared-utc');
    expect(source.pace.pollMinMs).toBe(64_000);
    expect(ntp('time.example.net', { name: 'mine' }).name).toBe('mine');
  });

  it('does not let options move the address', () => {
    for (const options of [{ host: 'elsewhere.example.net' }, { port: 1 }]) {
      expect(() => ntp('time.example.net:99', options as object)).toThrow(
        /^ntp: unknown option .*\[TC_INVALID_ARGUMENT\]$/,
      );
    }
  });

  it.each(['', 'a b', 'host:0', '[::1', 'ntp://host'])('refuses %j by its own name', (address) => {
    expect(() => ntp(address)).toThrow(/^ntp: .*\[TC_INVALID_ARGUMENT\]$/);
  });

  it('refuses options that cannot be right', () => {
    expect(() => ntp('host', { rootDistanceMaxMs: -1 })).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
  });
});
