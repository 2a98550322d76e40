/**
 * The events of the detector, read while they come.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { MessageReader, type PausesMessage } from './pauses-channel.ts';

/** A file that grows while it is read. */
export class NewsFile {
  readonly #path: string;
  readonly #reader = new MessageReader();
  readonly #decoder = new StringDecoder('utf8');
  readonly #chunk: Buffer = Buffer.alloc(65_536);
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** What has come since the last time. */
  read(): readonly PausesMessage[] {
    if (this.#descriptor === undefined && !existsSync(this.#path)) return [];
    this.#descriptor ??= openSync(this.#path, 'r');
    const messages: PausesMessage[] = [];
    for (;;) {
      const bytes = readSync(this.#descriptor, this.#chunk, 0, this.#chunk.length, null);
      if (bytes === 0) return messages;
      messages.push(...this.#reader.read(this.#decoder.write(this.#chunk.subarray(0, bytes))));
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}
