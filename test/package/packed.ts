/** Packs the project as npm would publish it, and installs the tarball into a consumer's folder; needs no network. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fromRoot, listFiles, ROOT } from '../docs/project-files.ts';

const execFileAsync = promisify(execFile);

/** What a program printed; a failure throws with both outputs. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await execFileAsync(command, [...args], { cwd, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

/** Runs a script with the Node that runs the tests. */
export function node(script: string, args: readonly string[], cwd: string): Promise<string> {
  return run(process.execPath, [script, ...args], cwd);
}

/** An installed tarball. */
export interface Consumer {
  /** The consumer's folder, outside the project. */
  readonly folder: string;
  /** Where the package is installed. */
  readonly packageFolder: string;
  /** The files of the tarball, sorted, from the package's root. */
  readonly files: readonly string[];
}

/** Builds when `dist/` is missing or older than a source. */
export async function buildWhenStale(): Promise<void> {
  const inputs = [...listFiles('src', '.ts'), 'package.json', 'entry-points.ts', 'tsup.config.ts', 'tsconfig.json'];
  const changedMs = Math.max(...inputs.map((file) => statSync(fromRoot(file)).mtimeMs));
  const outputs = existsSync(fromRoot('dist')) ? readdirSync(fromRoot('dist')) : [];
  const builtMs = Math.min(...outputs.map((file) => statSync(fromRoot(`dist/${file}`)).mtimeMs));
  const complete = ['index.js', 'index.cjs', 'index.d.ts', 'cli.js'].every((file) => outputs.includes(file));
  if (!complete || builtMs < changedMs)
    await node(fromRoot('node_modules/tsup/dist/cli-default.js'), ['--silent'], ROOT);
}

/** Packs and installs. */
export async function installPacked(): Promise<Consumer> {
  await buildWhenStale();
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-consumer-'));
  // The build has been made: the prepack script would only make it again.
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT);
  const [tarball] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  await mkdir(join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await run('npm', ['install', ...flags, join(folder, tarball.filename)], folder);
  return {
    folder,
    packageFolder: join(folder, 'node_modules', 'truechimer'),
    files: tarball.files.map(({ path }) => path).sort(),
  };
}
