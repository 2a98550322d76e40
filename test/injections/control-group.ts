/**
 * A control group of its own for a subject, where this process may make one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotInjected } from './not-injected.ts';

/** Which hierarchy: version 2, or a controller of version 1. */
export type Hierarchy = 'unified' | 'freezer' | 'cpu';

/**
 * Waits until its input ends, which it also does when this process is killed; then thaws what is in the group, which is killed with this
 * process but cannot die while it is frozen, and removes the group as soon as that is gone.
 */
const WATCHMAN = `
cat > /dev/null
if [ -e "$1/freezer.state" ]; then echo THAWED > "$1/freezer.state"; fi
if [ -e "$1/cgroup.freeze" ]; then echo 0 > "$1/cgroup.freeze"; fi
for turn in 1 2 3 4 5 6 7 8 9 10; do
  rmdir "$1" || sleep 1
  [ -e "$1" ] || exit 0
done`;

let groupsMade = 0;

/** A group, to be removed after the process in it has ended. */
export class ControlGroup {
  readonly #folder: string;
  readonly #watchman: ChildProcess;
  readonly #end = (): void => {
    this.remove();
  };

  private constructor(folder: string) {
    this.#folder = folder;
    this.#watchman = spawn('sh', ['-c', WATCHMAN, 'sh', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // Without it nothing is left behind unless this process is killed.
    this.#watchman.on('error', () => undefined);
    this.#watchman.stdin?.on('error', () => undefined);
    this.#watchman.unref();
    process.on('exit', this.#end);
  }

  /** Makes one, or says why not. `has` is a file that it must have. */
  static make(hierarchy: Hierarchy, has: string): ControlGroup | string {
    const parent = ownGroup(hierarchy);
    if (parent === undefined) return `no control groups of the hierarchy "${hierarchy}" are mounted`;
    groupsMade += 1;
    const folder = join(parent, `truechimer-injections-${process.pid}-${groupsMade}`);
    try {
      mkdirSync(folder);
    } catch (error) {
      return `control groups cannot be made here: ${error instanceof Error ? error.message : String(error)}`;
    }
    const group = new ControlGroup(folder);
    if (group.tryRead(has) !== undefined) return group;
    group.remove();
    return `control groups of the hierarchy "${hierarchy}" have no ${has} here`;
  }

  read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }

  /** Undefined where there is no such file. */
  tryRead(file: string): string | undefined {
    try {
      return this.read(file);
    } catch {
      return undefined;
    }
  }

  write(file: string, text: string): void {
    try {
      writeFileSync(join(this.#folder, file), text);
    } catch (error) {
      throw NotInjected.because(error);
    }
  }

  /** Puts a process into it. */
  take(pid: number): void {
    this.write('cgroup.procs', String(pid));
  }

  /** A number of a file with lines of `name number`. */
  count(file: string, name: string): number {
    const line = this.read(file)
      .split('\n')
      .find((each) => each.startsWith(`${name} `));
    return Number(line?.split(' ')[1] ?? NaN);
  }

  /** Thaws what is in it, since a frozen process of version 1 cannot even be killed, and removes it if it is empty. */
  remove(): void {
    process.off('exit', this.#end);
    for (const [file, text] of [
      ['cgroup.freeze', '0'],
      ['freezer.state', 'THAWED'],
    ] as const) {
      if (this.tryRead(file) !== undefined) this.write(file, text);
    }
    try {
      rmdirSync(this.#folder);
    } catch {
      // Something is still dying in it, or it is gone.
    }
    this.#watchman.stdin?.end();
  }
}

/** The folder of this process's own group. */
function ownGroup(hierarchy: Hierarchy): string | undefined {
  const read = (file: string): readonly string[] => {
    try {
      return readFileSync(file, 'utf8').split('\n');
    } catch {
      return [];
    }
  };
  const mounts = read('/proc/self/mounts').map((line) => line.split(' '));
  const mount = mounts.find(([, , type, options = '']) =>
    hierarchy === 'unified' ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(hierarchy),
  )?.[1];
  const path = read('/proc/self/cgroup')
    .map((line) => line.split(':'))
    .find(([, names = '']) => (hierarchy === 'unified' ? names === '' : names.split(',').includes(hierarchy)))?.[2];
  return mount === undefined || path === undefined ? undefined : join(mount, path);
}
