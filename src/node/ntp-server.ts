/**
 * A real NTP server on a real UDP socket, with every fault on demand.
 *
 * For tests and demonstrations: it serves the time it is told to serve and never claims that to be true time. A test that
 * owns the truth gives it that truth, and then knows what every answer must contain. Delays are held in user space: on the
 * way out before T2 is stamped, on the way back after T3 was, so they lengthen the path and never falsify a stamp.
 */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { ClockError, describeValue, requireInteger, requireOptionalBoolean, requireOptions } from '../core/index.ts';
import {
  decodeNtpPacket,
  encodeNtpPacket,
  formatNtpAddress,
  NTP_MODE_CLIENT,
  NTP_MODE_SERVER,
  NTP_TIMESTAMP_ZERO,
  ntpFromEpoch,
  type NtpPacket,
  type SplitEpoch,
  stampTransmit,
} from '../sync/index.ts';
import { ServedTime } from './ntp-server-clock.ts';
import {
  kissIdOf,
  NTP_SERVER_SETTINGS,
  type NtpServerSettings,
  settleServerSettings,
  type SettledNtpServerSettings,
} from './ntp-server-settings.ts';

/** How many requests and replies are held at once; what comes above that is lost. */
export const NTP_SERVER_PENDING_MAX = 1024;

/** How many clients are remembered for rate limits; the one that was longest ago is forgotten. */
export const NTP_SERVER_CLIENTS_MAX = 1024;

/** Where the server listens, and everything that `NtpServerSettings` has. */
export interface NtpServerOptions extends NtpServerSettings {
  /** An IP address of this machine, not a name. Default 127.0.0.1: nobody else can ask. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Whether the server keeps the process alive. Default true. */
  readonly keepsAlive?: boolean;
}

/** "This machine's own clock", as chrony and ntpd write it: 127.127.1.1. */
const REFERENCE_LOCAL = 0x7f7f0101;

const KISS_RATE = kissIdOf('RATE');

/**
 * An embedded NTP server: real datagrams, and offset, drift, stratum, root distance, delay, loss, kiss codes and forgeries on demand.
 *
 * It never says that its time is true; without settings it serves the wall clock of the moment at which it was started.
 *
 * @example
 * ```ts
 * import { BoundedClock, NtpServer } from 'truechimer';
 *
 * const server = await NtpServer.listen({ offsetMs: 250 }); // a quarter of a second ahead of this machine
 * const clock = await BoundedClock.start({ sources: [server.address] });
 * const offset = clock.offset();
 * if (offset.status === 'bounded') console.log(Math.round(offset.estimateMs)); // 250
 * clock.stop();
 * await server.close();
 * ```
 */
export class NtpServer {
  readonly #socket: Socket;
  readonly #time: ServedTime;
  readonly #keepsAlive: boolean;
  readonly #pending = new Set<NodeJS.Timeout>();
  readonly #lastAskedMs = new Map<string, number>();
  #given: NtpServerSettings;
  #settings: SettledNtpServerSettings;
  #requests = 0;
  #isClosed = false;

  /** Where it listens, the way `ntp` and `BoundedClock.start` read it: `127.0.0.1:40123`, `[::1]:40123`. */
  readonly address: string;
  /** The port it listens on. */
  readonly port: number;

  private constructor(socket: Socket, options: NtpServerOptions, settings: SettledNtpServerSettings) {
    this.#socket = socket;
    this.#given = options;
    this.#settings = settings;
    this.#time = new ServedTime(settings);
    this.#keepsAlive = options.keepsAlive ?? true;
    const { address: host, port } = socket.address();
    this.port = port;
    this.address = formatNtpAddress({ host, port });
    if (!this.#keepsAlive) socket.unref();
    socket.on('error', () => undefined); // an unreachable client is the client's trouble
    socket.on('message', (datagram, from) => {
      this.#receive(datagram, from);
    });
  }

  /**
   * Starts a server; resolves when it listens.
   *
   * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for settings that cannot be right; the system's
   * own error when it cannot listen there.
   */
  static async listen(options: NtpServerOptions = {}): Promise<NtpServer> {
    requireOptions('NtpServer.listen', options, [...NTP_SERVER_SETTINGS, 'host', 'port', 'keepsAlive']);
    requireOptionalBoolean('NtpServer.listen keepsAlive', options.keepsAlive);
    const settings = settleServerSettings(options);
    const port = requireInteger('NtpServer.listen port', options.port ?? 0, { what: 'a port', min: 0, max: 65_535 });
    const host = options.host ?? '127.0.0.1';
    const family = requireLocalIp('NtpServer.listen host', host);
    const socket = createSocket({ type: `udp${family}`, lookup: alreadyAnAddress(family) });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new NtpServer(socket, options, settings);
  }

  /** How many requests arrived, answered or not; datagrams that are no requests do not count. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * What the server says at a reading of `performance.now()`, by its settings as they are now: the oracle for tests. With offset
   * and drift 0 it is the base time itself.
   */
  timeAt(monotonicMs: number): SplitEpoch {
    return this.#time.at(monotonicMs);
  }

  /**
   * Changes settings while the server runs; what is left out stays as it is.
   *
   * @throws TC_SERVER_CLOSED, and the codes of `listen`; nothing changes when it throws.
   */
  configure(settings: NtpServerSettings): void {
    if (this.#isClosed) {
      throw new ClockError('TC_SERVER_CLOSED', 'NtpServer.configure: the server has been closed. Start a new one.');
    }
    requireOptions('NtpServer.configure', settings, NTP_SERVER_SETTINGS);
    const given = { ...this.#given, ...settings };
    this.#settings = settleServerSettings(given);
    this.#given = given;
    this.#time.configure(this.#settings, performance.now());
  }

  /** Stops listening; requests and replies that are held are lost. May be called again. */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(datagram: Uint8Array, from: RemoteInfo): void {
    const arrivedMs = performance.now();
    const decoded = decodeNtpPacket(datagram);
    if (!decoded.ok || decoded.packet.mode !== NTP_MODE_CLIENT) return;
    this.#requests += 1;
    const { silent, lossRatio, random, delay } = this.#settings;
    const isTooSoon = this.#isTooSoon(from.address);
    if (silent || random() < lossRatio) return;
    const request = Uint8Array.from(datagram);
    const delayMs = delay.outMs + delay.jitterMs * random();
    this.#hold(delayMs, () => {
      const receivedMs = delayMs > 0 ? performance.now() : arrivedMs;
      this.#answer({ asked: decoded.packet, request, receivedMs, isTooSoon, from });
    });
  }

  #answer(held: HeldRequest): void {
    const { delay, random, tamper, kissId } = this.#settings;
    const { asked, request, from } = held;
    const reply = encodeNtpPacket(
      this.#reply(asked, held.receivedMs, kissId ?? (held.isTooSoon ? KISS_RATE : undefined)),
    );
    stampTransmit(reply, ntpFromEpoch(this.#time.at(performance.now())));
    const datagrams = tamper === undefined ? [reply] : tamper(reply, request);
    this.#hold(delay.backMs + delay.jitterMs * random(), () => {
      for (const datagram of datagrams) {
        this.#socket.send(datagram, from.port, from.address, () => undefined);
      }
    });
  }

  /** The reply but for T3, which is stamped last. */
  #reply(asked: NtpPacket, receivedMs: number, kissId: number | undefined): NtpPacket {
    const receiveTime = ntpFromEpoch(this.#time.at(receivedMs));
    const { leap, stratum, rootDelayMs, rootDispersionMs, precision } = this.#settings;
    const isKiss = kissId !== undefined;
    return {
      leap: isKiss ? 3 : leap,
      version: asked.version,
      mode: NTP_MODE_SERVER,
      stratum: isKiss ? 0 : stratum,
      pollExponent: asked.pollExponent,
      precisionExponent: precision,
      rootDelayMs,
      rootDispersionMs,
      referenceId: kissId ?? (stratum === 0 ? 0 : REFERENCE_LOCAL),
      referenceTime: isKiss ? NTP_TIMESTAMP_ZERO : receiveTime,
      originTime: asked.transmitTime,
      receiveTime,
      transmitTime: NTP_TIMESTAMP_ZERO,
    };
  }

  /** Whether a client asks sooner than it may. Clients are told apart by IP address: each query has a port of its own. */
  #isTooSoon(ip: string): boolean {
    const { minSpacingMs } = this.#settings;
    const nowMs = performance.now();
    const lastMs = this.#lastAskedMs.get(ip) ?? -Infinity;
    this.#lastAskedMs.delete(ip);
    this.#lastAskedMs.set(ip, nowMs);
    const oldest = this.#lastAskedMs.keys().next();
    if (this.#lastAskedMs.size > NTP_SERVER_CLIENTS_MAX && oldest.done !== true) this.#lastAskedMs.delete(oldest.value);
    return nowMs - lastMs < minSpacingMs;
  }

  /** Goes on after `delayMs` at the earliest; at once when there is no delay. What would exceed the limit is lost. */
  #hold(delayMs: number, goOn: () => void): void {
    if (delayMs <= 0) goOn();
    else this.#holdUntil(performance.now() + delayMs, goOn);
  }

  #holdUntil(untilMs: number, goOn: () => void): void {
    if (this.#pending.size >= NTP_SERVER_PENDING_MAX) return;
    const timer = setTimeout(
      () => {
        this.#pending.delete(timer);
        if (performance.now() < untilMs) this.#holdUntil(untilMs, goOn);
        else goOn();
      },
      Math.max(1, untilMs - performance.now()),
    );
    if (!this.#keepsAlive) timer.unref();
    this.#pending.add(timer);
  }
}

/** A request that waits for its answer. */
interface HeldRequest {
  readonly asked: NtpPacket;
  readonly request: Uint8Array;
  /** When it arrived, or when its way here ended where a delay is emulated. */
  readonly receivedMs: number;
  readonly isTooSoon: boolean;
  readonly from: RemoteInfo;
}

/** The family of the address. Names are not looked up: `localhost` is two addresses, and a server listens on one. @throws TC_INVALID_ARGUMENT. */
function requireLocalIp(operation: string, host: string): 4 | 6 {
  const family = typeof host === 'string' ? isIP(host) : 0;
  if (family === 4 || family === 6) return family;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires an IP address of this machine, got ${describeValue(host)}. ` +
      "Pass '127.0.0.1', '::1', or '0.0.0.0' for every IPv4 address.",
    { host },
  );
}

/** Clients are known by address: looking it up would cost a turn of the event loop between T3 and the wire. */
function alreadyAnAddress(family: 4 | 6): NonNullable<SocketOptions['lookup']> {
  return (address, _options, callback) => {
    callback(null, address, family);
  };
}
