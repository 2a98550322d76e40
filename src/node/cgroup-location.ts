/**
 * Where the control groups of this process are: the two files of /proc that say it, put together.
 *
 * /proc/self/cgroup names a group relative to what this process may see (its cgroup namespace); /proc/self/mountinfo says where which
 * part of which hierarchy is mounted. Both may be of version 1, 2, or mixed (the hybrid layout: quotas by 1, freezing by 2). Formats:
 * cgroups(7), cgroup_namespaces(7), proc_pid_mountinfo(5).
 */

/** Directories of this process's control groups, its own first, then what is visible above it. */
export interface CgroupLocation {
  /** Where the quota of processors is kept, and by which version. */
  readonly cpu: { readonly version: 1 | 2; readonly directories: readonly string[] } | undefined;
  /** The own group of version 2, which counts freezing. */
  readonly unified: string | undefined;
}

/** Groups above one another that are looked at; in deeper nesting those above count as out of sight. */
export const CGROUP_LEVELS_MAX = 8;

interface Mount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly path: string;
  readonly controllers: readonly string[];
}

/** Finds the directories from the two files' contents. */
export function locateCgroups(cgroup: string, mountinfo: string): CgroupLocation {
  const mounts = mountinfo.split('\n').flatMap(mountFrom);
  const unifiedPath = pathFor(cgroup, (id, controllers) => id === '0' && controllers === '');
  const cpuPath = pathFor(cgroup, (_, controllers) => controllers.split(',').includes('cpu'));
  const unified = directoriesIn(
    mounts.find(({ version }) => version === 2),
    unifiedPath,
  );
  const legacy = directoriesIn(
    mounts.find(({ version, controllers }) => version === 1 && controllers.includes('cpu')),
    cpuPath,
  );
  return {
    cpu:
      legacy !== undefined
        ? { version: 1, directories: legacy }
        : unified !== undefined && cpuPath === undefined
          ? { version: 2, directories: unified }
          : undefined,
    unified: unified?.[0],
  };
}

/** One line is `id:controllers:path`; the path may contain colons. */
function pathFor(cgroup: string, isWanted: (id: string, controllers: string) => boolean): string | undefined {
  for (const line of cgroup.split('\n')) {
    const [id, controllers, ...path] = line.split(':');
    if (id !== undefined && controllers !== undefined && isWanted(id, controllers)) return path.join(':');
  }
  return undefined;
}

/** `36 35 98:0 /root /mount/point options [optional fields] - type source superoptions`. */
function mountFrom(line: string): readonly Mount[] {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const type = fields[separator + 1];
  const [root, path] = [fields[3], fields[4]];
  if (separator < 0 || root === undefined || path === undefined) return [];
  if (type !== 'cgroup' && type !== 'cgroup2') return [];
  const controllers = (fields[separator + 3] ?? '').split(',');
  return [{ version: type === 'cgroup2' ? 2 : 1, root: unescaped(root), path: unescaped(path), controllers }];
}

/** mountinfo writes blanks and backslashes in octal. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** The group's directory and those above it, within the mount; `undefined` where the group is outside of it. */
function directoriesIn(mount: Mount | undefined, path: string | undefined): readonly string[] | undefined {
  if (mount === undefined || path === undefined || path.startsWith('/..')) return undefined;
  const below = withoutRoot(path, mount.root);
  if (below === undefined) return undefined;
  const names = below.split('/').filter((name) => name !== '');
  const directories: string[] = [];
  for (let depth = names.length; depth >= 0 && directories.length < CGROUP_LEVELS_MAX; depth -= 1) {
    directories.push([mount.path, ...names.slice(0, depth)].join('/'));
  }
  return directories;
}

function withoutRoot(path: string, root: string): string | undefined {
  if (root === '/') return path;
  if (path === root) return '';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}
