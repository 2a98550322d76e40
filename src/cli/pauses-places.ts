/**
 * Where the command writes: looked at before the program is run, since an hour's report must not be lost to a typing error.
 */
import { accessSync, constants, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { PausesOptions } from './pauses-options.ts';
import { quoteValue } from './usage-error.ts';

/** Why a report cannot be written where it shall go, with what to do; undefined when it can. */
export function refusedFile({ json, html }: Pick<PausesOptions, 'json' | 'html'>): string | undefined {
  const asked = [
    { option: '--json', file: json === '-' ? undefined : json },
    { option: '--html', file: html },
  ];
  return asked.map(({ option, file }) => (file === undefined ? undefined : refusal(option, file))).find(Boolean);
}

function refusal(option: string, file: string): string | undefined {
  const requirement = `${option} requires a file that can be written, got ${quoteValue(file)}`;
  const kind = kindOf(file);
  if (kind === 'folder') return `${requirement}, which is a folder. Name a file inside of it.`;
  const folder = dirname(resolve(file));
  if (kind === 'nothing' && kindOf(folder) !== 'folder') {
    return `${requirement}, whose folder does not exist. Create it, or name another file.`;
  }
  const written = kind === 'nothing' ? folder : file;
  return canWrite(written) ? undefined : `${requirement}. Allow to write to ${written}, or name another file.`;
}

function kindOf(path: string): 'folder' | 'file' | 'nothing' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A new folder for what the detector tells, or why there can be none. */
export function makeFolder(): { readonly folder: string } | { readonly refusal: string } {
  const parent = resolve(tmpdir());
  try {
    return { folder: mkdtempSync(join(parent, 'truechimer-pauses-')) };
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return {
      refusal:
        `requires a temporary folder that can be written, got ${quoteValue(parent)}: ${error.message}. ` +
        'Set TMPDIR to a folder that can be written.',
    };
  }
}
