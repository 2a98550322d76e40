import { describe, expect, it } from 'vitest';
import {
  type CountersDraft,
  NumberFile,
  PressureFile,
  SchedulerFile,
  SystemFile,
  TracerFile,
} from './procfs-counters.ts';
import { FILE_BYTES_MAX, KeptFile, readTextOnce } from './procfs-file.ts';
import { failure, FakeFiles, type FileContent } from './procfs.fixture.ts';

const SCHEDSTAT = '/proc/thread-self/schedstat';

function schedulerWith(content: FileContent): { files: FakeFiles; file: SchedulerFile; counters: CountersDraft } {
  const files = new FakeFiles({ [SCHEDSTAT]: content });
  return { files, file: new SchedulerFile(files.access), counters: {} };
}

describe('/proc/thread-self/schedstat', () => {
  it('gives running and waiting in ms', () => {
    const { file, counters } = schedulerWith('1234567890 98765432 4242\n');
    file.enter(counters);
    expect(counters).toEqual({ runMs: 1234.56789, waitMs: 98.765432 });
  });

  it.each<[FileContent, string]>([
    ['0 0 0\n', 'a kernel that does not count'],
    ['', 'nothing'],
    ['1234567890 98765432\n', 'a number too few'],
    ['12.5 7 1\n', 'another format'],
    ['{"uptime": 1}\n', 'somebody else’s file'],
    [failure('EBADF'), 'a number that was closed'],
  ])('gives nothing for good after %j: %s', (content) => {
    const { files, file, counters } = schedulerWith(content);
    file.enter(counters);
    expect(counters).toEqual({});
    files.set(SCHEDSTAT, '1234567890 98765432 4242\n');
    file.enter(counters);
    expect(counters).toEqual({});
    expect(file.isReadable).toBe(false);
  });

  it.each([failure('ERR_ACCESS_DENIED'), undefined])('is missing where it cannot be opened', (content) => {
    const files = new FakeFiles(content === undefined ? {} : { [SCHEDSTAT]: content });
    const file = new SchedulerFile(files.access);
    expect(file.isReadable).toBe(false);
    const counters: CountersDraft = {};
    file.enter(counters);
    expect(counters).toEqual({});
    file.close();
  });

  it('does not close a number that may be somebody else’s by now', () => {
    const { files, file, counters } = schedulerWith('hello\n');
    file.enter(counters);
    file.close();
    expect(files.opened.size).toBe(1);
  });
});

/** Linux 6.18 with two processors. */
const STAT_6_18 = `cpu  1378224 31 178694 1290242 3032 0 3580 2808 0 0
cpu0 678332 23 85945 661042 486 0 847 1417 0 0
cpu1 699892 8 92748 629199 2545 0 2732 1390 0 0
intr 15803892 0 0 0 1 1 14 0 0
ctxt 29887621
btime 1795545245
processes 92714
procs_running 11
procs_blocked 0
softirq 5172374 11 1316723 5 3
`;

/** Linux 2.6.10, before steal. */
const STAT_OLD = 'cpu  1 2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\nintr 9 8\nctxt 11\n';

describe('/proc/stat', () => {
  it('gives steal of all processors together, switches and interrupts', () => {
    const counters: CountersDraft = {};
    new SystemFile(new FakeFiles({ '/proc/stat': STAT_6_18 }).access).enter(counters);
    expect(counters).toEqual({ stealMs: 28_080, systemSwitchCount: 29_887_621, interruptCount: 15_803_892 });
  });

  it('leaves steal out where the kernel does not count it', () => {
    const counters: CountersDraft = {};
    new SystemFile(new FakeFiles({ '/proc/stat': STAT_OLD }).access).enter(counters);
    expect(counters).toEqual({ stealMs: undefined, systemSwitchCount: 11, interruptCount: 9 });
  });

  it('reads beyond a thousand interrupt lines, and gives up beyond its limit', () => {
    const long = STAT_6_18.replace('intr 15803892', `intr 15803892${' 123456'.repeat(3000)}`);
    const counters: CountersDraft = {};
    new SystemFile(new FakeFiles({ '/proc/stat': long }).access).enter(counters);
    expect(counters.systemSwitchCount).toBe(29_887_621);
    const endless = new SystemFile(new FakeFiles({ '/proc/stat': '1'.repeat(FILE_BYTES_MAX) }).access);
    endless.enter(counters);
    expect(endless.isReadable).toBe(false);
  });
});

describe('other files', () => {
  it('gives pressure in ms, and nothing where the kernel has it switched off', () => {
    const path = '/proc/pressure/io';
    const content = 'some avg10=0.00 avg60=1.93 avg300=0.12 total=5228414352\nfull avg10=0.00 total=77\n';
    const files = new FakeFiles({ [path]: content });
    const file = new PressureFile(files.access, 'io');
    const counters: CountersDraft = {};
    file.enter(counters);
    expect(counters).toEqual({ psiIoMs: 5_228_414.352 });
    files.set(path, failure('EOPNOTSUPP'));
    const without: CountersDraft = {};
    file.enter(without);
    expect(without).toEqual({});
  });

  it('gives a single number, scaled', () => {
    const files = new FakeFiles({ '/rtc': '1795545245\n', '/bad': 'none\n' });
    const counters: CountersDraft = {};
    new NumberFile(files.access, { path: '/rtc', counter: 'rtcMs', scale: 1000 }).enter(counters);
    new NumberFile(files.access, { path: '/bad', counter: 'suspendCount', scale: 1 }).enter(counters);
    expect(counters).toEqual({ rtcMs: 1_795_545_245_000 });
  });

  it('tells whether a debugger is attached', () => {
    const path = '/proc/thread-self/status';
    const status = (pid: string): string => `Name:\tnode\nPid:\t12\nTracerPid:\t${pid}\nUid:\t0\n`;
    const files = new FakeFiles({ [path]: status('0') });
    const file = new TracerFile(files.access);
    expect(file.read()).toBe(false);
    files.set(path, status('4242'));
    expect(file.read()).toBe(true);
    files.set(path, 'Name:\tnode\n');
    expect(file.read()).toBeUndefined();
    expect(file.isReadable).toBe(false);
  });

  it('closes what it has opened', () => {
    const files = new FakeFiles({ '/proc/stat': STAT_6_18, '/text': 'x'.repeat(20_000) });
    const file = new SystemFile(files.access);
    file.enter({});
    expect(files.opened.size).toBe(1);
    expect(readTextOnce(files.access, '/text')).toHaveLength(20_000);
    file.close();
    expect(files.opened.size).toBe(0);
    file.enter({});
    expect(KeptFile.open(files.access, '/none')).toBeUndefined();
    expect(readTextOnce(files.access, '/none')).toBeUndefined();
  });
});
