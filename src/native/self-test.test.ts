import { describe, expect, it } from 'vitest';
import { FakeMachine, type FakeMachineOptions } from './native-clocks.fixture.ts';
import { nativeClocksOn } from './native-clocks.ts';

const outcomeOf = (machine: FakeMachine): unknown =>
  nativeClocksOn(machine.rim, { koffi: machine.koffi, via: 'koffi' });

const MACHINES: readonly FakeMachineOptions[] = [
  { platform: 'linux' },
  { platform: 'linux', architecture: 's390x', isLittleEndian: false },
  { platform: 'darwin', architecture: 'arm64' },
  { platform: 'win32' },
];

describe('a good machine passes', () => {
  it.each(MACHINES)('$platform, $architecture', (options) => {
    expect(outcomeOf(new FakeMachine(options))).toMatchObject({ status: 'available' });
  });

  it.each([0n, 1n, 999_999n, 9_999_999n, 10_000_000n, 1_234_567_891n])('slept %s ns', (sleptNs) => {
    for (const activeNs of [1n, 2_999_999_960n, 3_000_000_000n, 10n ** 17n]) {
      const machine = new FakeMachine();
      machine.sleptNs = sleptNs;
      machine.activeNs = activeNs;
      expect(outcomeOf(machine)).toMatchObject({ status: 'available' });
    }
  });

  it.each([
    ['the process is paused', (machine: FakeMachine) => (machine.activeNs += 5_000_000_000n)],
    ['the machine is suspended', (machine: FakeMachine) => (machine.sleptNs += 3_600_000_000_000n)],
  ])('however long %s before or after a read', (_, disturb) => {
    const readsIn = (at: number): number => {
      const machine = new FakeMachine();
      const works = machine.functions.get('clock_gettime')!;
      let reads = 0;
      machine.functions.set('clock_gettime', (...given) => {
        reads += 1;
        if (reads === at) disturb(machine);
        const result = works(...given);
        if (reads === at) disturb(machine);
        return result;
      });
      expect(outcomeOf(machine)).toMatchObject({ status: 'available' });
      return reads;
    };
    const all = readsIn(Infinity);
    // Each of the first, which are compared one by one, and of the last, whose rates are compared.
    for (let at = 1; at <= 10; at += 1) readsIn(at);
    for (let at = all - 210; at <= all; at += 1) readsIn(at);
  });

  it('read at the very hundredth that os.uptime() shows, at any uptime', () => {
    for (const hundredths of [1n, 113n, 2003n, 99_999_999n, 864_000_007n, 31_536_000_001n]) {
      const machine = new FakeMachine();
      const uptime = (): number => {
        machine.activeNs = hundredths * 10_000_000n - machine.sleptNs - machine.readNs;
        return Number(hundredths) / 100;
      };
      machine.sleptNs = 0n;
      expect(nativeClocksOn({ ...machine.rim, uptime }, { koffi: machine.koffi })).toMatchObject({
        status: 'available',
      });
    }
  });

  it('where os.uptime() counts whole seconds', () => {
    const machine = new FakeMachine();
    machine.sleptNs = 7_950_000_000n;
    const uptime = (): number => Number(machine.bootNs / 1_000_000_000n);
    expect(nativeClocksOn({ ...machine.rim, uptime }, { koffi: machine.koffi })).toMatchObject({ status: 'available' });
  });
});

interface Fault {
  readonly what: string;
  readonly says: string;
  readonly machine?: FakeMachineOptions;
  readonly break: (machine: FakeMachine) => void;
}

/** Takes the readings of one clock and changes them. */
function changing(selector: number, change: (ns: bigint, machine: FakeMachine) => bigint): Fault['break'] {
  return (machine) => {
    const works = machine.functions.get('clock_gettime')!;
    machine.functions.set('clock_gettime', (asked, memory) => {
      const result = works(asked, memory);
      if (asked !== selector) return result;
      const order = machine.isLittleEndian;
      const readNs = memory.getBigInt64(0, order) * 1_000_000_000n + memory.getBigInt64(8, order);
      const changedNs = change(readNs, machine);
      memory.setBigInt64(0, changedNs / 1_000_000_000n, order);
      memory.setBigInt64(8, changedNs % 1_000_000_000n, order);
      return result;
    });
  };
}

const FAULTS: readonly Fault[] = [
  {
    what: 'active time is ahead by a microsecond',
    says: 'CLOCK_MONOTONIC reads',
    break: changing(1, (ns) => ns + 1000n),
  },
  {
    what: 'active time is behind by a microsecond',
    says: 'CLOCK_MONOTONIC reads',
    break: changing(1, (ns) => ns - 1000n),
  },
  {
    what: 'process.hrtime is faked',
    says: 'If fake timers are installed',
    break: (machine) => (machine.hrtimeAheadNs = -40_000_000_000n),
  },
  { what: 'boot time is ahead by two steps', says: 'os.uptime()', break: changing(7, (ns) => ns + 20_000_000n) },
  { what: 'boot time is behind by two steps', says: 'os.uptime()', break: changing(7, (ns) => ns - 20_000_000n) },
  { what: 'boot time does not count suspend', says: 'os.uptime()', break: changing(7, (_, { activeNs }) => activeNs) },
  { what: 'the uptime of a container', says: 'lxcfs', break: (machine) => (machine.uptimeAheadS = -40) },
  {
    what: 'boot time is behind active time',
    says: 'which is behind CLOCK_MONOTONIC',
    break: (machine) => (machine.sleptNs = -1_000_000n),
  },
  { what: 'raw time in microseconds', says: 'CLOCK_MONOTONIC_RAW advanced', break: changing(4, (ns) => ns / 1000n) },
  { what: 'raw time is too fast', says: 'CLOCK_MONOTONIC_RAW advanced', break: changing(4, (ns) => ns * 2n) },
  {
    what: 'macOS: another clock than the continuous one',
    says: 'CLOCK_MONOTONIC_RAW reads',
    machine: { platform: 'darwin', architecture: 'arm64' },
    break: changing(4, (_, { activeNs }) => activeNs),
  },
  {
    what: 'Windows: interrupt time without what was slept',
    says: 'os.uptime()',
    machine: { platform: 'win32' },
    break: (machine) => {
      machine.functions.set('QueryInterruptTimePrecise', machine.functions.get('QueryUnbiasedInterruptTimePrecise')!);
    },
  },
  {
    what: 'the layout is another',
    says: 'reads',
    break: (machine) => {
      const works = machine.functions.get('clock_gettime')!;
      machine.functions.set('clock_gettime', (asked, memory) => {
        const result = works(asked, memory);
        memory.setBigInt64(0, memory.getBigInt64(8, true), true);
        return result;
      });
    },
  },
];

describe('what is not the clock that was meant is refused', () => {
  it.each(FAULTS)('$what', ({ machine: options, says, break: breakIt }) => {
    const machine = new FakeMachine(options);
    machine.sleptNs = 7_777_000_111n;
    breakIt(machine);
    const outcome = outcomeOf(machine);
    expect(outcome).toMatchObject({ status: 'unavailable', reason: 'disagreement' });
    expect(outcome).toHaveProperty('detail', expect.stringContaining(says));
  });
});
