/**
 * A debugger as far as the process that it holds can tell: it seizes every thread with ptrace, and lets go when it is told to.
 *
 * Not gdb, which holds the same way, but first reads the symbols of Node for seconds and is not on every machine.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remember } from '../servers/leftovers.ts';
import { requiredBinary } from '../servers/server-binary.ts';

const SOURCE = String.raw`
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS_MAX 1024

static pid_t held[THREADS_MAX];
static int count, pending[THREADS_MAX];

static int is_held(pid_t thread) {
  for (int at = 0; at < count; at++)
    if (held[at] == thread) return 1;
  return 0;
}

static void give_up(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

// Threads that start meanwhile are found by the next look.
static int seize_new_threads(const char *tasks) {
  int found = 0;
  DIR *folder = opendir(tasks);
  if (!folder) give_up("opendir");
  for (struct dirent *entry; (entry = readdir(folder));) {
    pid_t thread = atoi(entry->d_name);
    if (thread <= 0 || is_held(thread) || count == THREADS_MAX) continue;
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) != 0) {
      if (errno == ESRCH) continue;
      give_up("PTRACE_SEIZE");
    }
    if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) != 0) give_up("PTRACE_INTERRUPT");
    int status;
    if (waitpid(thread, &status, __WALL) < 0) give_up("waitpid");
    // Stopped by a signal of its own instead: it gets the signal when it goes on.
    pending[count] = WIFSTOPPED(status) && status >> 16 == 0 ? WSTOPSIG(status) : 0;
    held[count++] = thread;
    found++;
  }
  closedir(folder);
  return found;
}

int main(int argc, char **argv) {
  char tasks[64], byte;
  if (argc != 2) return 2;
  snprintf(tasks, sizeof tasks, "/proc/%s/task", argv[1]);
  while (seize_new_threads(tasks) > 0);
  puts("held");
  fflush(stdout);
  while (read(0, &byte, 1) > 0);
  for (int at = 0; at < count; at++) ptrace(PTRACE_DETACH, held[at], 0, (void *)(long)pending[at]);
  puts("released");
  return 0;
}
`;

const COMPILE_MAX_MS = 60_000;

/** The compiled program. */
export class TracerProgram implements Disposable {
  readonly path: string;
  readonly #folder: string;
  readonly #forget: () => void;

  constructor() {
    const compiler = requiredBinary('cc');
    this.#folder = mkdtempSync(join(tmpdir(), 'truechimer-tracer-'));
    this.#forget = remember({ pid: undefined, signal: 'SIGKILL', folder: this.#folder });
    this.path = join(this.#folder, 'tracer');
    writeFileSync(`${this.path}.c`, SOURCE);
    const args = ['-O2', '-o', this.path, `${this.path}.c`];
    execFileSync(compiler, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: COMPILE_MAX_MS });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
    this.#forget();
  }
}
