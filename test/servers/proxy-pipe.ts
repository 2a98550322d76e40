/**
 * One direction of one proxied connection: what arrives at one socket leaves at the other, in order, unless the link's
 * fault says otherwise. Data, the end of the data and a reset are all subject to the fault: behind a black hole the
 * server does not learn that its client has gone.
 */
import type { Socket } from 'node:net';

/** What one direction does with what arrives: let it through, keep it back, or lose it for good. */
export type Flow = 'pass' | 'hold' | 'drop';

/** One direction of all connections: its present fault, and what it has seen. */
export interface Link {
  flow: Flow;
  delayMs: number;
  /** Bytes let through. */
  passedBytes: number;
  /** Bytes lost for good. */
  lostBytes: number;
  /** Bytes kept back now. */
  keptBytes: number;
}

interface Item {
  readonly what: Buffer | 'end' | 'reset';
  readonly arrivedMs: number;
}

/** Above this many bytes kept back the sender is no longer read: it then sees a full window, as on a real network. */
const KEPT_BYTES_MAX = 1 << 20;

export class ProxyPipe {
  /** Whether something was lost: the stream cannot be continued then, only reset. */
  isBroken = false;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #link: Link;
  #queue: Item[] = [];
  #keptBytes = 0;
  #hasEnded = false;
  #isFull = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, link: Link) {
    this.#from = from;
    this.#to = to;
    this.#link = link;
    from.on('data', (chunk) => this.#keep(chunk));
    from.on('end', () => this.#keep('end'));
    from.on('error', () => {
      // `close` follows and tells the rest.
    });
    from.on('close', (hadError) => {
      if (hadError || !this.#hasEnded) this.#keep('reset');
    });
    to.on('drain', () => {
      this.#isFull = false;
      this.pump();
    });
  }

  /** Lets through what may go now; to be called whenever the link's fault has changed. */
  pump(): void {
    clearTimeout(this.#timer);
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      if (this.#link.flow === 'hold' || this.#isFull || this.#to.connecting) break;
      const waitMs = item.arrivedMs + this.#link.delayMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        break;
      }
      this.#queue.shift();
      this.#let(item.what);
    }
    if (this.#keptBytes < KEPT_BYTES_MAX) this.#from.resume();
  }

  /** Forgets everything and lets go of its timer. */
  close(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#count(-this.#keptBytes);
  }

  #keep(what: Item['what']): void {
    if (typeof what === 'string') this.#hasEnded = true;
    else this.#count(what.length);
    this.#queue.push({ what, arrivedMs: performance.now() });
    if (this.#keptBytes >= KEPT_BYTES_MAX) this.#from.pause();
    this.pump();
  }

  #let(what: Item['what']): void {
    const bytes = typeof what === 'string' ? 0 : what.length;
    this.#count(-bytes);
    if (this.#link.flow === 'drop') {
      this.isBroken = true;
      this.#link.lostBytes += bytes;
    } else if (what === 'reset') {
      resetSocket(this.#to);
    } else if (!this.#to.destroyed && !this.#to.writableEnded) {
      this.#link.passedBytes += bytes;
      if (what === 'end') this.#to.end();
      else this.#isFull = !this.#to.write(what);
    }
  }

  #count(bytes: number): void {
    this.#keptBytes += bytes;
    this.#link.keptBytes += bytes;
  }
}

/** Resets a connection. A reset while the end is on its way fails (EINVAL), and Node then never says that the socket is closed. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
