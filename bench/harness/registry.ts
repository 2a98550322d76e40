/**
 * Finds the benches: every module of a folder is one, and its file name is its name.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Bench } from './bench.ts';

/** Loads all benches of a folder, in order of their names. @throws When a module is no bench, or has another's name. */
export async function loadBenches(folder: URL): Promise<readonly Bench[]> {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    files.map(async (file) => {
      const module: unknown = await import(new URL(file, folder).href);
      return requireBench(module, basename(file, '.js'));
    }),
  );
}

/** @throws When the module does not export what a bench must, or its name is not that of its file. */
export function requireBench(module: unknown, fileName: string): Bench {
  const bench = module as Partial<Bench>;
  if (bench.name === fileName && typeof bench.summary === 'string' && typeof bench.run === 'function') {
    return bench as Bench;
  }
  throw new Error(`bench/${fileName}.ts must export name ('${fileName}'), summary and run`);
}
