/**
 * A wall clock that a test steps while the processes that live by it run: a library that is preloaded into them and
 * adds an offset, read from a mapped file, to every answer of the C library's wall clock.
 *
 * Only the wall clock moves; monotonic clocks are left alone. It cannot fool what does not ask the C library (a program
 * in Go, as etcd, reads the kernel's clock itself), nor move a wait for a moment of the wall clock inside the kernel.
 *
 * Not libfaketime, which does the same and more: version 0.9.10 hangs in a Redis that uses jemalloc, as Debian's does
 * (its issue 130), and leaves shared memory behind when a process is killed.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remember } from './leftovers.ts';
import { requiredBinary } from './server-binary.ts';

/** It asks the kernel directly: to look the real function up would allocate, which an allocator's start-up cannot bear. */
const SOURCE = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *offset_ns;

__attribute__((constructor)) static void map_offset(void) {
  const char *path = getenv("FAKE_WALL_CLOCK_FILE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *page = mmap(NULL, sizeof *offset_ns, PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) offset_ns = page;
  close(file);
}

int clock_gettime(clockid_t id, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, id, now);
  if (result == 0 && offset_ns && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
    int64_t ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + *offset_ns;
    now->tv_sec = ns / 1000000000;
    now->tv_nsec = ns % 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *copy) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (copy) *copy = exact.tv_sec;
  return exact.tv_sec;
}
`;

const COMPILE_MAX_MS = 60_000;

export class FakeWallClock implements Disposable {
  /** For the environment of the processes that shall live by this clock. */
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #file: number;
  readonly #forget: () => void;
  #offsetMs = 0;

  constructor() {
    const compiler = requiredBinary('cc');
    this.#folder = mkdtempSync(join(tmpdir(), 'truechimer-wall-clock-'));
    this.#forget = remember({ pid: undefined, signal: 'SIGKILL', folder: this.#folder });
    // PostgreSQL reads it as another user.
    chmodSync(this.#folder, 0o755);
    const at = (name: string): string => join(this.#folder, name);
    writeFileSync(at('shim.c'), SOURCE);
    const args = ['-O2', '-shared', '-fPIC', '-o', at('shim.so'), at('shim.c')];
    execFileSync(compiler, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: COMPILE_MAX_MS });
    this.#file = openSync(at('offset'), 'w', 0o644);
    this.setOffset(0);
    this.env = { LD_PRELOAD: at('shim.so'), FAKE_WALL_CLOCK_FILE: at('offset') };
  }

  /** How far this clock is ahead of the machine's, in ms. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Steps the clock, at once and in every process: it is then this far ahead of the machine's; behind when negative. */
  setOffset(offsetMs: number): void {
    const ns = new BigInt64Array([BigInt(Math.round(offsetMs * 1000)) * 1000n]);
    writeSync(this.#file, ns, 0, ns.byteLength, 0);
    this.#offsetMs = offsetMs;
  }

  /** Removes its files; processes that live by it keep the last offset. */
  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
    this.#forget();
  }
}
