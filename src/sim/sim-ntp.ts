/**
 * NTP inside the world: the real client code against simulated servers, with real packets over the simulated network.
 */
import { requireDurationMs, requireNumber } from '../core/index.ts';
import {
  decodeNtpPacket,
  encodeNtpPacket,
  NTP_MODE_SERVER,
  type NtpAddress,
  type NtpPacket,
  type NtpQuery,
  type NtpQueryResult,
  NtpSource,
  type NtpSourceOptions,
  NTP_TIMESTAMP_ZERO,
  type NtpTransport,
  ntpFromEpoch,
  shiftEpoch,
  type SplitEpoch,
} from '../sync/index.ts';
import { SeededRandom } from './random.ts';
import { type SimNode, STEP_MS_MAX } from './sim-node.ts';
import type { SimWorldCore } from './sim-world.ts';

/** What a simulated server is like; can be changed while it runs. */
export interface SimNtpServerSettings {
  /** Its time minus true time, in ms: a lie, unless it is within the error that it admits to. Default 0. */
  readonly offsetMs?: number;
  /** How fast its time runs away from true time, in ppm. Default 0. */
  readonly driftPpm?: number;
  readonly stratum?: number;
  readonly leap?: 0 | 1 | 2 | 3;
  readonly rootDelayMs?: number;
  readonly rootDispersionMs?: number;
  /** Its precision: 2^this seconds. Default -20. */
  readonly precision?: number;
  /** How long it holds a request between its two stamps, in ms. Default 0. */
  readonly dwellMs?: number;
  /** It receives and does not answer. */
  readonly silent?: boolean;
  /** Replaces each reply by any number of datagrams. */
  readonly tamper?: (reply: Uint8Array) => readonly Uint8Array[];
}

/** Every simulated server listens here; the host is the node's name. */
const PORT = 123;

/** The fastest that a server's time runs away, in ppm: a thousand times too fast. */
const DRIFT_PPM_MAX = 1e9;

/** "This machine's own clock": 127.127.1.1. */
const REFERENCE_LOCAL = 0x7f7f0101;

/** An NTP server on a node. Its time is true time plus the settings: a reference clock is what it has. */
export class SimNtpServer {
  readonly node: SimNode;
  readonly #world: SimWorldCore;
  #settings: SimNtpServerSettings;
  #sinceMs: number;
  /** How many requests arrived. */
  requests = 0;

  constructor(world: SimWorldCore, node: SimNode, settings: SimNtpServerSettings = {}) {
    this.node = node;
    this.#world = world;
    this.#settings = requireSettings(settings);
    this.#sinceMs = world.nowMs;
  }

  /** Changes settings; drift counts from now on. */
  configure(settings: SimNtpServerSettings): void {
    this.#settings = requireSettings({ ...this.#settings, ...settings });
    this.#sinceMs = this.#world.nowMs;
  }

  /** What its clock says now. */
  now(): SplitEpoch {
    const { offsetMs = 0, driftPpm = 0 } = this.#settings;
    return shiftEpoch(this.#world.trueTime, offsetMs + (this.#world.nowMs - this.#sinceMs) * driftPpm * 1e-6);
  }

  /** @internal A request arrived; `reply` sends a datagram back. */
  receive(request: Uint8Array, reply: (datagram: Uint8Array) => void): void {
    const asked = decodeNtpPacket(request);
    if (!asked.ok) return;
    this.requests += 1;
    if (this.#settings.silent === true) return;
    const receivedAt = this.now();
    const { incarnation } = this.node;
    const answer = (): void => {
      // A process that is gone does not answer, and one that stands still answers later.
      if (this.node.isCrashed || this.node.incarnation !== incarnation) return;
      if (!this.node.isRunning) {
        this.#world.after(this.node.runsFromMs - this.#world.nowMs, answer);
        return;
      }
      const datagram = encodeNtpPacket(this.#reply(asked.packet, receivedAt));
      for (const sent of this.#settings.tamper?.(datagram) ?? [datagram]) reply(sent);
    };
    const { dwellMs = 0 } = this.#settings;
    if (dwellMs > 0) this.#world.after(dwellMs, answer);
    else answer();
  }

  #reply(asked: NtpPacket, receivedAt: SplitEpoch): NtpPacket {
    const { stratum = 1, leap = 0, rootDelayMs = 0, rootDispersionMs = 0, precision = -20 } = this.#settings;
    return {
      leap,
      version: asked.version,
      mode: NTP_MODE_SERVER,
      stratum,
      pollExponent: asked.pollExponent,
      precisionExponent: precision,
      rootDelayMs,
      rootDispersionMs,
      referenceId: stratum === 0 ? 0 : REFERENCE_LOCAL,
      referenceTime: NTP_TIMESTAMP_ZERO,
      originTime: asked.transmitTime,
      receiveTime: ntpFromEpoch(receivedAt),
      transmitTime: ntpFromEpoch(this.now()),
    };
  }
}

/** @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION. */
function requireSettings(settings: SimNtpServerSettings): SimNtpServerSettings {
  const { offsetMs = 0, driftPpm = 0, dwellMs = 0 } = settings;
  requireNumber('SimNtpServer offsetMs', offsetMs, {
    what: 'an offset',
    min: -STEP_MS_MAX,
    max: STEP_MS_MAX,
    unit: 'ms',
  });
  requireNumber('SimNtpServer driftPpm', driftPpm, {
    what: 'a drift',
    min: -DRIFT_PPM_MAX,
    max: DRIFT_PPM_MAX,
    unit: 'ppm',
  });
  requireDurationMs('SimNtpServer dwellMs', dwellMs);
  return settings;
}

/** The network as an NTP client on one node sees it. */
class SimNtpTransport implements NtpTransport {
  readonly #world: SimWorldCore;
  readonly #client: SimNode;
  readonly #server: SimNtpServer;
  readonly #nonces;

  constructor(world: SimWorldCore, client: SimNode, server: SimNtpServer) {
    this.#world = world;
    this.#client = client;
    this.#server = server;
    this.#nonces = client.random.fork(`nonces for ${server.node.name} ${client.incarnation}`);
  }

  resolve(): Promise<readonly NtpAddress[]> {
    // Each node has an address of its own: the same server behind two names has one vote.
    const bits = new SeededRandom(0).fork(this.#server.node.name).bits();
    return Promise.resolve([
      { ip: `127.${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}`, family: 4, port: PORT },
    ]);
  }

  query(query: NtpQuery): Promise<NtpQueryResult> {
    const { clock, signal } = query;
    return new Promise((resolve) => {
      let ignored = 0;
      let over = false;
      const finish = (result: NtpQueryResult): void => {
        over = true;
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const onAbort = (): void => {
        finish({ result: 'unreachable', detail: 'the query was aborted' });
      };
      const timer = clock.setTimer(
        () => {
          finish({ result: 'timeout', ignored });
        },
        query.timeoutMs,
        { keepsAlive: false },
      );
      signal.addEventListener('abort', onAbort, { once: true });
      const { incarnation } = this.#client;
      const sentMs = clock.monotonicMs();
      this.#exchange(Uint8Array.from(query.request), (datagram) => {
        const receivedMs = clock.monotonicMs();
        // The process that asked may be gone, and its memory with it.
        if (over || this.#client.incarnation !== incarnation) return;
        if (query.accept(datagram, { sentMs, receivedMs })) finish({ result: 'accepted' });
        else ignored += 1;
      });
    });
  }

  #exchange(request: Uint8Array, receive: (datagram: Uint8Array) => void): void {
    const { network } = this.#world;
    const { node } = this.#server;
    network.send(this.#client, node, () => {
      this.#server.receive(request, (datagram) => {
        network.send(node, this.#client, () => {
          receive(datagram);
        });
      });
    });
  }

  fillRandom(target: Uint8Array): void {
    for (let index = 0; index < target.length; index += 1) target[index] = this.#nonces.bits() & 0xff;
  }
}

/** The real NTP client of a node, asking a simulated server: a `TimeSource` for `BoundedClock` on that node. */
export function simNtp(
  world: SimWorldCore,
  client: SimNode,
  server: SimNtpServer,
  options: Omit<NtpSourceOptions, 'host' | 'port'> = {},
): NtpSource {
  return new NtpSource(new SimNtpTransport(world, client, server), {
    name: server.node.name,
    ...options,
    host: '127.0.0.1',
    port: PORT,
  });
}
