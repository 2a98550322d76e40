/**
 * Makes the next datagram leave at once: a few throw-away datagrams over the loopback interface, just before it.
 *
 * A process that sends a datagram every 16 s finds its own code and the kernel's cold each time, and waits for it between T1 and the
 * wire: all of that is width of the interval. Warmed up, a loopback exchange is a third as wide. Asking the server itself
 * twice would do the same, and cost the server double. Nothing is held between queries, and nothing here can fail one.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { ClockPort } from '../core/index.ts';

/** A loopback that takes longer than this is not waited for, in ms. */
const WARM_UP_MS_MAX = 20;

/** Two do most of it; the socket is new each time, and with four it is as good as one that is kept. */
const ROUNDS = 4;

/** As long as a request, so that the same code and the same buffers are used. */
const PAYLOAD = new Uint8Array(48);

/** One warm-up. Close it only after the query: closing takes a while, and would come between the datagram and its reply. */
export class WarmUp {
  readonly #clock: ClockPort;
  readonly #socket: Socket = createSocket('udp4');
  #rounds = 0;
  #isClosed = false;

  constructor(clock: ClockPort) {
    this.#clock = clock;
    this.#socket.unref();
  }

  /** Resolves in the handler of the last datagram, or when there is nothing to wait for: go on at once. Never rejects. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.setTimer(finish, WARM_UP_MS_MAX, { keepsAlive: false });
      this.#socket.on('error', finish);
      this.#socket.on('message', () => {
        this.#clock.monotonicMs();
        this.#rounds += 1;
        if (this.#rounds >= ROUNDS) finish();
        else this.#send(finish);
      });
      this.#socket.bind(0, '127.0.0.1', () => {
        if (this.#isClosed) finish();
        else
          this.#socket.connect(this.#socket.address().port, '127.0.0.1', () => {
            this.#send(finish);
          });
      });
    });
  }

  /** Closes the socket, also in the middle of a run. */
  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  #send(finish: () => void): void {
    if (this.#isClosed) {
      finish();
      return;
    }
    this.#clock.monotonicMs();
    this.#socket.send(PAYLOAD, (error) => {
      if (error !== null) finish();
    });
  }
}
