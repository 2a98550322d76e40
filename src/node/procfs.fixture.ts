/** Files of a kernel, made up: their contents can change, fail and vanish, and open numbers are counted. */
import type { KeptFileAccess } from './procfs-file.ts';

/** What a file holds, or how reading it fails. */
export type FileContent = string | Uint8Array | Error;

export function failure(code: string): Error {
  return Object.assign(new Error(`${code}: it cannot be read`), { code });
}

/** Files by their path. */
export class FakeFiles {
  readonly contents: Map<string, FileContent>;
  readonly opened: Map<number, string> = new Map<number, string>();
  reads = 0;
  #next = 10;

  constructor(contents: Record<string, FileContent> = {}) {
    this.contents = new Map(Object.entries(contents));
  }

  set(path: string, content: FileContent): void {
    this.contents.set(path, content);
  }

  readonly access: KeptFileAccess = {
    openSync: (path) => {
      const content = this.contents.get(path);
      if (content === undefined) throw failure('ENOENT');
      if (content instanceof Error && (content as { code?: string }).code === 'ERR_ACCESS_DENIED') throw content;
      this.#next += 1;
      this.opened.set(this.#next, path);
      return this.#next;
    },
    readSync: (fd, bytes, offset, length, position) => {
      this.reads += 1;
      const path = this.opened.get(fd);
      const content = path === undefined ? undefined : this.contents.get(path);
      if (content === undefined) throw failure('EBADF');
      if (content instanceof Error) throw content;
      const all = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      const part = all.subarray(position, position + length);
      bytes.set(part, offset);
      return part.length;
    },
    closeSync: (fd) => {
      if (!this.opened.delete(fd)) throw failure('EBADF');
    },
  };
}
