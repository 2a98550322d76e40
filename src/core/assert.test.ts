import { describe, expect, it } from 'vitest';
import { assert } from './assert.ts';

describe('assert', () => {
  it('lets pass what holds', () => {
    expect(() => assert(true, 'never seen')).not.toThrow();
  });

  it('says what did not hold and asks for a report', () => {
    expect(() => assert(false, 'the lines cross')).toThrow(
      'truechimer: internal assertion failed: the lines cross. Please report this as a bug.',
    );
  });
});
