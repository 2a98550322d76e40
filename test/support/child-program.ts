/**
 * Builds a child's program for Node 20, which does not read TypeScript, from the sources under test.
 *
 * It goes below `node_modules/.cache`: the packages that it imports are found from there, no tool looks into it, and unlike many a
 * temporary folder it is on storage.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A built program, and the folder that it is in. */
export interface ChildProgram extends AsyncDisposable {
  readonly path: string;
  readonly folder: string;
}

/** Builds it into a folder of its own, which disposing removes. */
export async function buildChild(entry: URL): Promise<ChildProgram> {
  const source = fileURLToPath(entry);
  const name = basename(source, '.child.ts');
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, `truechimer-${name}-`));
  await build({
    entry: { [name]: source },
    outDir: folder,
    config: false,
    tsconfig: join(ROOT, 'tsconfig.json'),
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    platform: 'node',
    removeNodeProtocol: false,
    splitting: false,
    skipNodeModulesBundle: true,
    silent: true,
  });
  return {
    path: join(folder, `${name}.mjs`),
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
