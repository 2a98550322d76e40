import { describe, expect, it } from 'vitest';
import { failure, FakeFiles } from './procfs.fixture.ts';
import { VmClock } from './vmclock.ts';

const PATH = '/dev/vmclock0';

function page(fields: {
  magic?: number;
  sequence?: number;
  marker?: bigint;
  flags?: bigint;
  generation?: bigint;
}): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.magic ?? 0x4b4c4356, true);
  view.setUint32(4, 4096, true);
  view.setUint32(12, fields.sequence ?? 2, true);
  view.setBigUint64(16, fields.marker ?? 7n, true);
  view.setBigUint64(24, fields.flags ?? 1n << 8n, true);
  view.setBigUint64(104, fields.generation ?? 3n, true);
  return bytes;
}

describe('VmClock', () => {
  it('reads the marker and the generation', () => {
    const files = new FakeFiles({ [PATH]: page({ marker: 2n ** 63n, generation: 9n }) });
    expect(new VmClock(files.access).read()).toEqual({ marker: 2n ** 63n, generation: 9n });
  });

  it('knows no generation where the hypervisor does not count them, or the device is older', () => {
    const files = new FakeFiles({ [PATH]: page({ flags: 0n }) });
    expect(new VmClock(files.access).read()).toEqual({ marker: 7n, generation: undefined });
    files.set(PATH, page({}).slice(0, 104));
    expect(new VmClock(files.access).read()).toEqual({ marker: 7n, generation: undefined });
  });

  it('waits for the next look while the hypervisor writes', () => {
    const files = new FakeFiles({ [PATH]: page({ sequence: 3 }) });
    const clock = new VmClock(files.access);
    expect(clock.read()).toBeUndefined();
    files.set(PATH, page({ sequence: 4 }));
    expect(clock.read()?.marker).toBe(7n);
  });

  it.each([
    ['another device', page({ magic: 1 })],
    ['a short one', page({}).slice(0, 31)],
    ['an empty one', ''],
    ['one that fails', failure('EIO')],
  ])('gives nothing for good with %s', (_, content) => {
    const files = new FakeFiles({ [PATH]: content });
    const clock = new VmClock(files.access);
    expect(clock.isReadable).toBe(false);
    files.set(PATH, page({}));
    expect(clock.read()).toBeUndefined();
  });

  it('is missing where there is none', () => {
    const clock = new VmClock(new FakeFiles().access);
    expect(clock.isReadable).toBe(false);
    expect(clock.read()).toBeUndefined();
    clock.close();
  });
});
