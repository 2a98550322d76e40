/**
 * NTP over UDP sockets: one fresh, connected, ephemeral port for each query (RFC 9109).
 *
 * The kernel gives a connected socket only datagrams from the address that was asked; that is checked once more here. Sockets and timers
 * are unreferenced and keep no process alive. A name lookup does: getaddrinfo runs in a thread of its own, can be neither unreferenced nor
 * cancelled, and keeps the process until the system's resolver gives up. T1 is read immediately before the datagram is handed to the
 * kernel, T4 is the first statement on receipt, so that whatever the event loop does only widens the interval.
 */
import { randomFillSync } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import {
  formatNtpEndpoint,
  type NtpAddress,
  type NtpQuery,
  type NtpQueryResult,
  type NtpTransport,
} from '../sync/index.ts';
import { WarmUp } from './udp-warm-up.ts';

/** Makes a transport over the machine's network. It holds nothing between queries. */
export function udpTransport(): NtpTransport {
  return {
    resolve: resolveHost,
    query: async (query) => (query.signal.aborted ? aborted(query.address) : new UdpQuery(query).run()),
    fillRandom: (target) => {
      randomFillSync(target);
    },
  };
}

/** The resolver of the platform cannot be cancelled: an abort prevents a lookup, and one under way is pending until it ends. */
async function resolveHost(host: string, port: number, signal: AbortSignal): Promise<readonly NtpAddress[]> {
  signal.throwIfAborted();
  const answer = await lookup(host, { all: true, verbatim: true });
  return answer.map(({ address, family }) => ({ ip: address, family: family === 6 ? 6 : 4, port }));
}

/** How the exchange of datagrams can end. */
interface QueryEnds {
  readonly accepted: () => void;
  readonly failed: (error: unknown) => void;
}

/** One request and the wait for its reply. */
class UdpQuery {
  readonly #query: NtpQuery;
  readonly #socket: Socket;
  readonly #warmUp: WarmUp;
  #ignored = 0;
  #sentMs: number | undefined;
  #isSettled = false;

  constructor(query: NtpQuery) {
    this.#query = query;
    this.#warmUp = new WarmUp(query.clock);
    this.#socket = createSocket({ type: query.address.family === 6 ? 'udp6' : 'udp4' });
    this.#socket.unref();
  }

  async run(): Promise<NtpQueryResult> {
    try {
      return await this.#settled();
    } finally {
      this.#socket.close();
      this.#warmUp.close();
    }
  }

  #settled(): Promise<NtpQueryResult> {
    const { clock, timeoutMs, signal, address } = this.#query;
    return new Promise((resolve) => {
      const finish = (result: NtpQueryResult): void => {
        this.#isSettled = true;
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const onAbort = (): void => {
        finish(aborted(address));
      };
      const onTimeout = (): void => {
        finish({ result: 'timeout', ignored: this.#ignored });
      };
      const timer = clock.setTimer(onTimeout, timeoutMs, { keepsAlive: false });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#exchange({
        accepted: () => {
          finish({ result: 'accepted' });
        },
        failed: (error) => {
          finish({ result: 'unreachable', detail: `${formatNtpEndpoint(address)}: ${messageOf(error)}` });
        },
      });
    });
  }

  /** Connects, sends, and judges what arrives. The error listener stays: an error after the end is nobody's. */
  #exchange(ends: QueryEnds): void {
    const { clock, address } = this.#query;
    this.#socket.on('error', ends.failed);
    this.#socket.on('message', (datagram, from) => {
      const receivedMs = clock.monotonicMs();
      try {
        if (this.#isAccepted(datagram, from, receivedMs)) ends.accepted();
      } catch (error) {
        ends.failed(error);
      }
    });
    const onConnect = (error?: unknown): void => {
      if (error === undefined || error === null) this.#send(ends).catch(ends.failed);
      else ends.failed(error);
    };
    this.#socket.connect(address.port, address.ip, onConnect);
  }

  /** Warms the path up, stamps and sends. */
  async #send(ends: QueryEnds): Promise<void> {
    if (!this.#isSettled) await this.#warmUp.run();
    if (this.#isSettled) return;
    this.#sentMs = this.#query.clock.monotonicMs();
    this.#socket.send(this.#query.request, (error) => {
      if (error !== null) ends.failed(error);
    });
  }

  #isAccepted(datagram: Uint8Array, from: RemoteInfo, receivedMs: number): boolean {
    if (this.#isSettled || this.#sentMs === undefined) return false;
    const peer = this.#socket.remoteAddress();
    const isFromPeer = from.address === peer.address && from.port === peer.port;
    if (isFromPeer && this.#query.accept(datagram, { sentMs: this.#sentMs, receivedMs })) return true;
    this.#ignored += 1;
    return false;
  }
}

function aborted(address: NtpAddress): NtpQueryResult {
  return { result: 'unreachable', detail: `${formatNtpEndpoint(address)}: the query was aborted` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
