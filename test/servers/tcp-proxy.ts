/**
 * A TCP proxy on loopback whose network fails on command.
 *
 * A black hole keeps bytes back, as TCP does by sending again: they arrive late, when it heals. Lost bytes never arrive;
 * since a stream with a hole in it must not go on, the connections that lost some are reset when it heals.
 *
 * It lives in the process that starts it: whoever blocks or pauses a lease holder must run that holder in another one.
 */
import { createServer, Socket, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type Link, ProxyPipe, resetSocket } from './proxy-pipe.ts';

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly requests: ProxyPipe;
  readonly replies: ProxyPipe;
  isDialled: boolean;
}

/** What a proxy has seen. */
export interface ProxyCounters {
  readonly accepted: number;
  /** Connections open now. */
  readonly open: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
  readonly lostRequestBytes: number;
  readonly lostReplyBytes: number;
  /** Kept back now, both ways. */
  readonly keptBytes: number;
}

/** A longer delay is a black hole, and more than a timer can wait. */
const DELAY_MAX_MS = 86_400_000;

/** Listening again on a port that somebody else has taken meanwhile is tried this often. */
const LISTEN_ATTEMPTS_MAX = 20;
const RETRY_MS = 50;

const newLink = (): Link => ({ flow: 'pass', delayMs: 0, passedBytes: 0, lostBytes: 0, keptBytes: 0 });

export class TcpProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly #targetPort: number;
  readonly #connections = new Set<Connection>();
  readonly #requests = newLink();
  readonly #replies = newLink();
  #port = 0;
  #listener: Server | undefined;
  #accepted = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  /** Listens in front of a loopback port; nothing needs to listen there yet. */
  static async listen(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    for (let attempt = 1; ; attempt += 1) {
      proxy.#port = await freePort();
      try {
        await proxy.#listen();
        return proxy;
      } catch (error) {
        if (attempt === LISTEN_ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** The port that clients shall use. */
  get port(): number {
    return this.#port;
  }

  get counters(): ProxyCounters {
    return {
      accepted: this.#accepted,
      open: this.#connections.size,
      requestBytes: this.#requests.passedBytes,
      replyBytes: this.#replies.passedBytes,
      lostRequestBytes: this.#requests.lostBytes,
      lostReplyBytes: this.#replies.lostBytes,
      keptBytes: this.#requests.keptBytes + this.#replies.keptBytes,
    };
  }

  /** Accepts, forwards nothing either way, keeps connections open; what was kept back arrives when it heals. */
  blackHole(): void {
    this.#requests.flow = 'hold';
    this.#replies.flow = 'hold';
  }

  /** Requests pass, replies are lost for good. */
  loseReplies(): void {
    this.#replies.flow = 'drop';
    this.#pump();
  }

  /** Requests are lost for good. */
  loseRequests(): void {
    this.#requests.flow = 'drop';
    this.#pump();
  }

  /** Every request arrives this much later, in ms. */
  delayRequests(delayMs: number): void {
    this.#requests.delayMs = checkedDelay(delayMs);
    this.#pump();
  }

  /** Every reply arrives this much later, in ms. */
  delayReplies(delayMs: number): void {
    this.#replies.delayMs = checkedDelay(delayMs);
    this.#pump();
  }

  /** Resets every connection and accepts no other: clients get ECONNRESET, then ECONNREFUSED. */
  async refuse(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    const closed = new Promise<void>((resolve) =>
      listener === undefined ? resolve() : listener.close(() => resolve()),
    );
    this.resetConnections();
    await closed;
  }

  /** Resets the present connections, at both ends, and goes on as before. */
  resetConnections(): void {
    for (const connection of this.#connections) reset(connection);
  }

  /** Ends every fault: what was kept back or delayed goes through now, connections that lost something are reset. */
  async heal(): Promise<void> {
    for (const link of [this.#requests, this.#replies]) {
      link.flow = 'pass';
      link.delayMs = 0;
    }
    for (const connection of this.#connections) {
      if (connection.requests.isBroken || connection.replies.isBroken) reset(connection);
    }
    this.#pump();
    for (let attempt = 1; this.#listener === undefined; attempt += 1) {
      try {
        await this.#listen();
      } catch (error) {
        if (attempt === LISTEN_ATTEMPTS_MAX) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  /** Resets everything and lets go of every handle. */
  async close(): Promise<void> {
    const gone = [...this.#connections].flatMap(({ client, upstream }) => [closing(client), closing(upstream)]);
    await this.refuse();
    await Promise.all(gone);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(): Promise<void> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ port: this.#port, host: this.host, exclusive: true }, () => {
        this.#listener = listener;
        resolve();
      });
    });
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    const upstream = new Socket({ allowHalfOpen: true });
    const connection: Connection = {
      client,
      upstream,
      requests: new ProxyPipe(client, upstream, this.#requests),
      replies: new ProxyPipe(upstream, client, this.#replies),
      isDialled: false,
    };
    this.#connections.add(connection);
    const forget = (): void => {
      if (!client.destroyed || !(upstream.destroyed || !connection.isDialled)) return;
      connection.requests.close();
      connection.replies.close();
      this.#connections.delete(connection);
    };
    client.on('close', forget);
    upstream.on('close', forget);
    this.#pumpOne(connection);
  }

  #pump(): void {
    for (const connection of this.#connections) this.#pumpOne(connection);
  }

  #pumpOne(connection: Connection): void {
    const { requests, replies, upstream } = connection;
    // A server behind a black hole does not even see that somebody connects.
    if (!connection.isDialled && this.#requests.flow === 'pass') {
      connection.isDialled = true;
      upstream.setNoDelay(true).connect(this.#targetPort, this.host, () => requests.pump());
    }
    if (connection.isDialled) requests.pump();
    replies.pump();
  }
}

function checkedDelay(delayMs: number): number {
  if (delayMs >= 0 && delayMs <= DELAY_MAX_MS) return delayMs;
  throw new RangeError(`TcpProxy: a delay must be in 0..${DELAY_MAX_MS} ms, got ${delayMs} ms`);
}

function reset({ client, upstream }: Connection): void {
  resetSocket(client);
  resetSocket(upstream);
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}
