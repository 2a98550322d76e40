/**
 * Builds the contenders' program for Node 20, which does not read TypeScript, from the sources under test.
 *
 * It goes below `node_modules/.cache`: the client libraries that it imports are found from there, and no tool looks into it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A built program. */
export interface Program extends AsyncDisposable {
  readonly path: string;
}

/** Builds it into a folder of its own, which disposing removes. */
export async function buildProgram(): Promise<Program> {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'truechimer-live-'));
  await build({
    entry: { contender: fileURLToPath(new URL('./contender.child.ts', import.meta.url)) },
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
    path: join(folder, 'contender.mjs'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
