/**
 * An NTP transport in memory: answers are scripted, time is a manual clock, and everything that was asked is kept.
 */
import {
  encodeNtpPacket,
  type NtpAddress,
  type NtpPacket,
  type NtpQuery,
  type NtpQueryResult,
  type NtpTransport,
} from '../../src/sync/index.ts';
import type { ManualClock } from './manual-clock.ts';
import { goodReply } from './ntp-packets.ts';

/** What happens to one query. */
export type ScriptedReply =
  /** Datagrams arrive after `afterMs`. */
  | { readonly afterMs?: number; readonly datagrams: (request: Uint8Array) => readonly Uint8Array[] }
  | 'silent'
  | 'unreachable'
  | 'rejects'
  | 'hangs';

/** A good reply with changes, to the bits of the request. */
export function reply(change: Partial<NtpPacket> = {}): ScriptedReply {
  return { datagrams: (request) => [replyTo(request, change)] };
}

export function replyTo(request: Uint8Array, change: Partial<NtpPacket> = {}): Uint8Array {
  const view = new DataView(request.buffer, request.byteOffset);
  return encodeNtpPacket(
    goodReply({ originTime: { seconds: view.getUint32(40), fraction: view.getUint32(44) }, ...change }),
  );
}

/** An IP address on port 123. */
export function ipAddress(ip: string): NtpAddress {
  return { ip, family: ip.includes(':') ? 6 : 4, port: 123 };
}

export class ScriptedTransport implements NtpTransport {
  readonly clock: ManualClock;
  /** What each name lookup gives, in order; the last one is repeated. An error rejects, `hangs` never settles. */
  lookups: (readonly NtpAddress[] | Error | 'hangs')[] = [[ipAddress('192.0.2.1')]];
  /** What each query gives, in order; the last one is repeated. */
  replies: ScriptedReply[] = [reply()];
  /** Bytes for the nonces, in order; then counted up. */
  random: number[][] = [];
  readonly asked: NtpAddress[] = [];
  readonly requests: Uint8Array[] = [];
  readonly queries: NtpQuery[] = [];
  /** The abort signals that lookups were given. */
  readonly lookupSignals: AbortSignal[] = [];
  #randomCount = 0;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  get lookupCount(): number {
    return this.lookupSignals.length;
  }

  resolve(_host: string, _port: number, signal: AbortSignal): Promise<readonly NtpAddress[]> {
    this.lookupSignals.push(signal);
    const answer = this.lookups.length > 1 ? this.lookups.shift() : this.lookups[0];
    if (answer === 'hangs' || answer === undefined) return new Promise(() => {});
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  query(query: NtpQuery): Promise<NtpQueryResult> {
    this.asked.push(query.address);
    this.requests.push(Uint8Array.from(query.request));
    this.queries.push(query);
    const script = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    if (script === 'unreachable')
      return Promise.resolve({ result: 'unreachable', detail: `${query.address.ip}: scripted` });
    if (script === 'rejects') return Promise.reject(new Error('scripted rejection'));
    if (script === 'hangs') return new Promise(() => {});
    return this.#deliver(query, script === 'silent' ? undefined : script);
  }

  fillRandom(target: Uint8Array): void {
    this.#randomCount += 1;
    target.fill(0);
    target.set(this.random.shift() ?? [0xa5, this.#randomCount >> 8, this.#randomCount & 0xff]);
  }

  #deliver(query: NtpQuery, script: Exclude<ScriptedReply, string> | undefined): Promise<NtpQueryResult> {
    const sentMs = query.clock.monotonicMs();
    const request = Uint8Array.from(query.request);
    return new Promise((resolve) => {
      let ignored = 0;
      const timeout = query.clock.setTimer(() => resolve({ result: 'timeout', ignored }), query.timeoutMs, {
        keepsAlive: false,
      });
      const arrive = (): void => {
        for (const datagram of script?.datagrams(request) ?? []) {
          if (query.accept(datagram, { sentMs, receivedMs: query.clock.monotonicMs() })) {
            timeout.cancel();
            resolve({ result: 'accepted' });
          } else {
            ignored += 1;
          }
        }
      };
      query.clock.setTimer(arrive, script?.afterMs ?? 10, { keepsAlive: false });
    });
  }
}
