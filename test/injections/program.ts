/**
 * Builds a subject's program for Node 20, which does not read TypeScript, from the sources under test.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A built program, and the folder that it is in. */
export interface SubjectProgram extends AsyncDisposable {
  readonly path: string;
  /** On storage, unlike many a temporary folder. */
  readonly folder: string;
}

/** Builds it below `node_modules/.cache`, where no tool looks; disposing removes it. */
export async function buildSubject(entry: URL): Promise<SubjectProgram> {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'truechimer-injections-'));
  await build({
    entry: { subject: fileURLToPath(entry) },
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
    path: join(folder, 'subject.mjs'),
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
