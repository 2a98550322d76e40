import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { bytesOf, fileOf } from './boot-clock.fixture.ts';
import { BootClock, UptimeFile } from './boot-clock.ts';

describe('the text of /proc/uptime', () => {
  it('gives the same bits as os.uptime(), which reads the decimal number', () => {
    fc.assert(
      fc.property(fc.nat({ max: 99_999_999 }), fc.nat({ max: 99 }), fc.nat(), (whole, hundredths, idle) => {
        const seconds = `${whole}.${String(hundredths).padStart(2, '0')}`;
        expect(fileOf(() => `${seconds} ${idle}.00\n`).readMs()).toBe(Number(seconds) * 1000);
      }),
      { seed: SEED },
    );
  });

  it('is taken in full: the longest is read, and what an earlier reading left behind is not', () => {
    expect(fileOf(() => '9999999999.99 99999999999999999999.99\n').readMs()).toBe(9_999_999_999.99 * 1000);
    const texts = ['1000.00 2000.00\n', '1.00 2.00'];
    const file = fileOf(() => texts.shift() ?? '');
    expect([file.readMs(), file.readMs()]).toEqual([1_000_000, NaN]);
  });

  it.each([
    '',
    '\n',
    '1.00 2.00',
    '1.00 2.00\n\n',
    '1.00 2.00\n1.00 2.00\n',
    '1.00 2.00 3.00\n',
    '1.00  2.00\n',
    '1.00\t2.00\n',
    ' 1.00 2.00\n',
    '-1.00 2.00\n',
    '+1.00 2.00\n',
    '1.0 2.00\n',
    '1.0x 2.00\n',
    '1.x0 2.00\n',
    '1.000 2.00\n',
    '1.00 2.000\n',
    '1.00 2.0\n',
    '1. 2.00\n',
    '.00 2.00\n',
    '1.00 .00\n',
    '1 2\n',
    '1,00 2,00\n',
    '1.00 2.00\r\n',
    '1e5.00 2.00\n',
    'NaN.00 2.00\n',
    '٣.00 2.00\n',
    '12345678901.00 2.00\n',
    '1.00 2.00\0',
    `1.00 ${'9'.repeat(70)}.00\n`,
  ])('is nothing else: %j', (text) => {
    let content = '1.00 2.00\n';
    const file = fileOf(() => content);
    expect(file.readMs()).toBe(1000);
    content = text;
    expect(file.readMs()).toBeNaN();
    content = '1.00 2.00\n';
    expect(file.readMs(), 'and it is not tried again').toBeNaN();
  });
});

describe('the open file', () => {
  it('is opened at the first read, and once', () => {
    const calls: string[] = [];
    const file = new UptimeFile({
      openSync: (path, flags) => calls.push(`${path} ${flags}`) + 6,
      readSync: (fd, bytes, ...where) => {
        calls.push([fd, ...where].join(' '));
        bytes.set(bytesOf('1.00 2.00\n'));
        return 10;
      },
    });
    expect(calls).toEqual([]);
    expect([file.readMs(), file.readMs()]).toEqual([1000, 1000]);
    expect(calls).toEqual(['/proc/uptime r', '7 0 64 0', '7 0 64 0']);
  });

  it('where it may not be opened, that is tried once', () => {
    let opens = 0;
    const file = new UptimeFile({
      openSync: () => {
        opens += 1;
        throw Object.assign(new Error('Access to this API has been restricted'), { code: 'ERR_ACCESS_DENIED' });
      },
      readSync,
    });
    expect([file.readMs(), file.readMs(), opens]).toEqual([NaN, NaN, 1]);
  });
});

describe.runIf(process.platform === 'linux')('on this machine', () => {
  function openedFile(): { readonly file: UptimeFile; readonly fd: () => number } {
    let fd = -1;
    const file = new UptimeFile({ openSync: (path, flags) => (fd = openSync(path, flags)), readSync });
    return { file, fd: () => fd };
  }

  it('reads what os.uptime() reads, to the bit', () => {
    const clock = new BootClock(() => performance.now());
    for (let turn = 0; turn < 2000; turn += 1) {
      const beforeMs = uptime() * 1000;
      const readMs = clock.readMs();
      const afterMs = uptime() * 1000;
      expect(readMs).toBeGreaterThanOrEqual(beforeMs);
      expect(readMs).toBeLessThanOrEqual(afterMs);
    }
  });

  it('keeps the file, close-on-exec', () => {
    const { file, fd } = openedFile();
    const clock = new BootClock(() => performance.now(), { file });
    clock.readMs();
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd()}`, 'utf8'))?.[1] ?? '0';
    expect(parseInt(flags, 8) & 0o2000000).toBe(0o2000000);
    expect(file.readMs()).not.toBeNaN();
    closeSync(fd());
  });

  it.each(['nothing', 'a text', 'a copy', 'a folder'])(
    'when somebody closes it and its number becomes %s, os.uptime() is read',
    (what) => {
      const folder = mkdtempSync(join(tmpdir(), 'boot-clock-'));
      const { file, fd } = openedFile();
      const clock = new BootClock(() => performance.now() + 12_345, { file });
      clock.readMs();
      const path = join(folder, 'other');
      writeFileSync(path, what === 'a copy' ? '12.34 56.78\n' : 'not a number of seconds\n');
      closeSync(fd());
      const others = what === 'nothing' ? [] : [openSync(what === 'a folder' ? folder : path, 'r')];
      const beforeMs = uptime() * 1000;
      const readMs = clock.readMs();
      expect(readMs).toBeGreaterThanOrEqual(beforeMs);
      expect(readMs).toBeLessThanOrEqual(uptime() * 1000);
      expect(file.readMs()).toBeNaN();
      // It was left open: closing it would throw.
      for (const other of others) closeSync(other);
      rmSync(folder, { recursive: true });
    },
  );
});
