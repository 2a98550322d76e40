/**
 * A control group of its own for a subject, where this process may make one.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which hierarchy: version 2, or a controller of version 1. */
export type Hierarchy = 'unified' | 'freezer' | 'cpu';

let groupsMade = 0;

/** A group, to be removed after the process in it has ended. */
export class ControlGroup {
  readonly #folder: string;
  readonly #end = (): void => {
    this.remove();
  };

  private constructor(folder: string) {
    this.#folder = folder;
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
    writeFileSync(join(this.#folder, file), text);
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
