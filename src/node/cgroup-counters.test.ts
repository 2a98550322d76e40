import { describe, expect, it } from 'vitest';
import { CgroupCounters } from './cgroup-counters.ts';
import { locateCgroups } from './cgroup-location.ts';
import type { CountersDraft } from './procfs-counters.ts';
import { failure, FakeFiles } from './procfs.fixture.ts';

/** systemd with version 2 alone. */
const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
/** A container of version 1 that sees only its own part of the hierarchy. */
const V1_CONTAINER =
  '700 690 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n' +
  '701 690 0:30 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n';
/** Hybrid: quotas by version 1, and version 2 without controllers. */
const HYBRID =
  '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n' +
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n';

describe('locateCgroups', () => {
  it('finds the own group of version 2 and all above it', () => {
    expect(locateCgroups('0::/system.slice/app.service\n', V2_MOUNT)).toEqual({
      cpu: {
        version: 2,
        directories: ['/sys/fs/cgroup/system.slice/app.service', '/sys/fs/cgroup/system.slice', '/sys/fs/cgroup'],
      },
      unified: '/sys/fs/cgroup/system.slice/app.service',
    });
  });

  it('finds the part that a container of version 1 sees', () => {
    expect(locateCgroups('5:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n', V1_CONTAINER)).toEqual({
      cpu: { version: 1, directories: ['/sys/fs/cgroup/cpu,cpuacct'] },
      unified: undefined,
    });
  });

  it('takes quotas from version 1 and freezing from version 2 where both are mounted', () => {
    expect(locateCgroups('1:cpu:/jobs/a:b\n0::/x\n', HYBRID)).toEqual({
      cpu: {
        version: 1,
        directories: ['/sys/fs/cgroup/cpu/jobs/a:b', '/sys/fs/cgroup/cpu/jobs', '/sys/fs/cgroup/cpu'],
      },
      unified: '/sys/fs/cgroup/unified/x',
    });
  });

  it('finds no quota where the controller is of version 1 and not mounted, or the group is outside of the mount', () => {
    expect(locateCgroups('1:cpu:/jobs\n0::/x\n', V2_MOUNT).cpu).toBeUndefined();
    expect(locateCgroups('0::/../other\n', V2_MOUNT)).toEqual({ cpu: undefined, unified: undefined });
    expect(locateCgroups('2:cpu:/elsewhere\n', V1_CONTAINER).cpu).toBeUndefined();
    expect(locateCgroups('', '')).toEqual({ cpu: undefined, unified: undefined });
    expect(locateCgroups('garbage', 'a b c - cgroup2\n- -\n')).toEqual({ cpu: undefined, unified: undefined });
  });

  it('understands the octal of mountinfo, and stops at eight levels', () => {
    const mount = '30 23 0:26 / /mnt/c\\040g rw - cgroup2 none rw\n';
    expect(locateCgroups('0::/a\n', mount).unified).toBe('/mnt/c g/a');
    expect(locateCgroups(`0::${'/a'.repeat(40)}\n`, mount).cpu?.directories).toHaveLength(8);
  });
});

const stat2 = (count: number, us: number): string =>
  `usage_usec 99\nuser_usec 9\nsystem_usec 9\nnr_periods 50\nnr_throttled ${count}\nthrottled_usec ${us}\nnr_bursts 0\n`;
const stat1 = (count: number, ns: number): string => `nr_periods 9\nnr_throttled ${count}\nthrottled_time ${ns}\n`;
const NO_CONTROLLER = 'usage_usec 99\nuser_usec 9\nsystem_usec 9\n';

function container(more: Record<string, string> = {}): FakeFiles {
  return new FakeFiles({
    '/proc/self/cgroup': '0::/app\n',
    '/proc/self/mountinfo': V2_MOUNT,
    '/sys/fs/cgroup/app/cpu.stat': stat2(3, 250_000),
    '/sys/fs/cgroup/cpu.stat': NO_CONTROLLER,
    '/sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
    ...more,
  });
}

/** A cgroup namespace: the topmost group in sight is the own one, and whatever is above it is not. */
const NAMESPACE_1 = {
  '/proc/self/cgroup': '1:cpu:/\n0::/\n',
  '/proc/self/mountinfo': HYBRID,
  '/sys/fs/cgroup/cpu/cpu.stat': stat1(0, 0),
};
const NAMESPACE_2 = {
  '/proc/self/cgroup': '0::/\n',
  '/proc/self/mountinfo': V2_MOUNT,
  '/sys/fs/cgroup/cpu.stat': stat2(3, 250_000),
  '/sys/fs/cgroup/cgroup.type': 'domain\n',
  '/sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
};

function entered(groups: CgroupCounters): CountersDraft {
  const counters: CountersDraft = {};
  groups.enter(counters);
  return counters;
}

describe('CgroupCounters', () => {
  it('counts of the own group and of those above it the one that throttled longest: they can do so at the same time', () => {
    const files = container({ '/sys/fs/cgroup/cpu.stat': stat2(2, 1000) });
    const groups = new CgroupCounters(files.access);
    expect(entered(groups)).toEqual({ throttledMs: 250, throttledCount: 3 });
    files.set('/sys/fs/cgroup/app/cpu.stat', stat2(5, 350_000));
    files.set('/sys/fs/cgroup/cpu.stat', stat2(3, 91_000));
    expect(entered(groups)).toEqual({ throttledMs: 350, throttledCount: 5 });
  });

  it('sees a group throttle whose total is the smaller one', () => {
    const files = container({ '/sys/fs/cgroup/cpu.stat': stat2(2, 1000) });
    const groups = new CgroupCounters(files.access);
    files.set('/sys/fs/cgroup/cpu.stat', stat2(4, 151_000));
    expect(entered(groups)).toEqual({ throttledMs: 400, throttledCount: 5 });
  });

  it('reads version 1 in nanoseconds', () => {
    const files = new FakeFiles({
      '/proc/self/cgroup': '1:cpu:/\n0::/\n',
      '/proc/self/mountinfo': HYBRID,
      '/sys/fs/cgroup/cpu/cpu.stat': stat1(4, 1_500_000),
      '/sys/fs/cgroup/cpu/cgroup.sane_behavior': '0\n',
    });
    const groups = new CgroupCounters(files.access);
    expect(entered(groups)).toEqual({ throttledMs: 1.5, throttledCount: 4 });
    expect(groups.countsFreezing).toBe(false);
  });

  it('counts freezing where Linux does', () => {
    const files = container({ '/sys/fs/cgroup/app/cgroup.stat.local': 'frozen_usec 911000\n' });
    expect(entered(new CgroupCounters(files.access)).frozenMs).toBe(911);
  });

  it('knows that the root of all groups cannot be throttled', () => {
    const files = container({ '/proc/self/cgroup': '0::/\n' });
    expect(entered(new CgroupCounters(files.access))).toEqual({ throttledMs: 0, throttledCount: 0 });
  });

  it('does not take a group without the controller for unthrottled where a quota above it may be out of sight', () => {
    const files = container({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cgroup.type': 'domain\n' });
    const groups = new CgroupCounters(files.access);
    expect(entered(groups)).toEqual({});
    expect(groups.countsThrottling).toBe(false);
  });

  it.each([
    ['version 1', NAMESPACE_1, 0],
    ['version 2', NAMESPACE_2, 250],
  ])('counts no periods in a namespace of %s: a quota may be out of sight', (_, contents, throttledMs) => {
    const files = new FakeFiles(contents);
    const groups = new CgroupCounters(files.access);
    expect(entered(groups)).toEqual({ throttledMs });
    expect(entered(groups)).toEqual({ throttledMs });
    expect(groups.countsThrottling).toBe(false);
  });

  it('counts none where the eighth group above is not the root, and where nothing tells that it is', () => {
    const name = '/a/a/a/a/a/a/a/a/a';
    const deep = Array.from({ length: 10 }, (_, depth) => `/sys/fs/cgroup${name.slice(0, 2 * depth)}/cpu.stat`);
    const files = container({ '/proc/self/cgroup': `0::${name}\n` });
    for (const path of deep) files.set(path, stat2(0, 0));
    expect(entered(new CgroupCounters(files.access))).toEqual({ throttledMs: 0 });
    const unreadable = container();
    unreadable.contents.delete('/sys/fs/cgroup/cgroup.controllers');
    expect(entered(new CgroupCounters(unreadable.access))).toEqual({ throttledMs: 250 });
  });

  it('counts what is in sight of it, but no time without a period: it is brought up to date late', () => {
    const files = new FakeFiles(NAMESPACE_2);
    const groups = new CgroupCounters(files.access);
    files.set('/sys/fs/cgroup/cpu.stat', stat2(3, 290_000));
    expect(entered(groups)).toEqual({ throttledMs: 250 });
    files.set('/sys/fs/cgroup/cpu.stat', stat2(4, 390_000));
    expect(entered(groups)).toEqual({ throttledMs: 350 });
  });

  it('sees a quota that is out of sight where Linux counts the throttling of the own tasks', () => {
    const local = '/sys/fs/cgroup/cpu/cpu.stat.local';
    const files = new FakeFiles({ ...NAMESPACE_1, [local]: 'throttled_time 0\n' });
    const groups = new CgroupCounters(files.access);
    expect(groups.countsThrottling).toBe(true);
    expect(entered(groups)).toEqual({ throttledMs: 0, throttledCount: 0 });
    files.set(local, 'throttled_time 85000000\n');
    expect(entered(groups)).toEqual({ throttledMs: 85, throttledCount: 1 });
    expect(entered(groups)).toEqual({ throttledMs: 85, throttledCount: 1 });
    files.set(local, failure('ENODEV'));
    expect(entered(groups)).toEqual({ throttledMs: 85 });
    expect(groups.countsThrottling).toBe(false);
  });

  it('takes that of the nearest group with the controller: the tasks belong to it', () => {
    const files = new FakeFiles({
      ...NAMESPACE_2,
      '/proc/self/cgroup': '0::/app\n',
      '/sys/fs/cgroup/app/cpu.stat': NO_CONTROLLER,
      '/sys/fs/cgroup/app/cpu.stat.local': '',
      '/sys/fs/cgroup/cpu.stat.local': 'throttled_usec 260000\n',
    });
    const groups = new CgroupCounters(files.access);
    expect(entered(groups)).toEqual({ throttledMs: 260, throttledCount: 3 });
    groups.close();
    expect(files.opened.size).toBe(0);
    for (const unreadable of [failure('EACCES'), 'something else\n']) {
      files.set('/sys/fs/cgroup/app/cpu.stat.local', unreadable);
      expect(entered(new CgroupCounters(files.access))).toEqual({ throttledMs: 250 });
    }
  });

  it.each(['', 'nr_throttled x\n', 'something else\n'])('gives nothing where a group holds %j', (content) => {
    const files = container({ '/sys/fs/cgroup/app/cpu.stat': content });
    expect(entered(new CgroupCounters(files.access))).toEqual({});
  });

  it('goes on from the new group after a move, and says nothing about the time of the move', () => {
    const files = container({
      '/sys/fs/cgroup/other/cpu.stat': stat2(100, 9_000_000),
      '/sys/fs/cgroup/other/cgroup.stat.local': 'frozen_usec 5000\n',
    });
    const groups = new CgroupCounters(files.access);
    expect(entered(groups).throttledMs).toBe(250);
    files.set('/proc/self/cgroup', '0::/other\n');
    expect(entered(groups)).toEqual({});
    expect(entered(groups)).toEqual({ throttledMs: 250, throttledCount: 3, frozenMs: 0 });
    files.set('/sys/fs/cgroup/other/cpu.stat', stat2(101, 9_070_000));
    expect(entered(groups)).toEqual({ throttledMs: 320, throttledCount: 4, frozenMs: 0 });
    groups.close();
    expect(files.opened.size).toBe(0);
  });

  it('gives nothing once a group is gone', () => {
    const files = container();
    const groups = new CgroupCounters(files.access);
    files.set('/sys/fs/cgroup/app/cpu.stat', failure('ENODEV'));
    expect(entered(groups)).toEqual({});
    expect(groups.countsThrottling).toBe(false);
  });

  it('works without any of the files', () => {
    const groups = new CgroupCounters(new FakeFiles().access);
    expect(entered(groups)).toEqual({});
    expect([groups.countsThrottling, groups.countsFreezing]).toEqual([false, false]);
    groups.close();
  });
});
