/**
 * etcd's JSON gateway over `fetch`: one request at a time, no retries, no timers.
 *
 * Whoever calls knows how long an answer is worth waiting for and aborts the signal. A member that fails, refuses or stays silent until
 * then is left alone: the next request goes to the next member. A failed request is no information, so it is never repeated here.
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireOptionalFunction,
  requireOptions,
  requireSignal,
} from '../core/index.ts';
import { isJsonObject, type JsonObject } from './etcd-json.ts';

/** What a request says. */
export interface EtcdRequestInit {
  readonly method: 'POST';
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** A redirect would carry the token of the request to somebody else. */
  readonly redirect: 'error';
}

/** What is used of a response. */
export interface EtcdResponse {
  readonly status: number;
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** The platform's `fetch`, or one of your own: for a private certificate authority, a proxy, a test. */
export type EtcdFetch = (url: string, init: EtcdRequestInit) => Promise<EtcdResponse>;

/** The headers of each request: fixed, or asked for before each one, since etcd's tokens run out after minutes. */
export type EtcdHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** How to reach an etcd cluster. */
export interface EtcdConnection {
  /** The client URLs of one or more members of one cluster: `http://10.0.0.1:2379`. */
  readonly endpoints: string | readonly string[];
  /** For instance `{ authorization: token }`, with the token of `/v3/auth/authenticate`. */
  readonly headers?: EtcdHeaders;
  /** Default: the platform's. */
  readonly fetch?: EtcdFetch;
}

/** The names of its options, for whoever extends them. */
export const ETCD_CONNECTION_OPTIONS: readonly string[] = optionNames<EtcdConnection>({
  endpoints: true,
  headers: true,
  fetch: true,
});

/** etcd clusters have at most seven members or so; more is a mistake. */
const ENDPOINTS_MAX = 64;

/** An answer holds one record and a header, below 2 kB; etcd's own limit for a request is 1.5 MiB. */
export const ETCD_RESPONSE_BYTES_MAX: number = 2 ** 20;

/** How much of an error's text is shown. */
const ERROR_CHARS_MAX = 300;

export class EtcdGateway {
  readonly #endpoints: readonly string[];
  readonly #headers: EtcdHeaders;
  readonly #fetch: EtcdFetch;
  #current = 0;

  /** @throws TC_INVALID_ARGUMENT for a connection that cannot be right. */
  constructor(operation: string, connection: EtcdConnection) {
    this.#endpoints = requireEndpoints(operation, connection.endpoints);
    requireOptionalFunction(`${operation} fetch`, connection.fetch);
    if (typeof connection.headers !== 'function')
      requireOptions(`${operation} headers`, connection.headers, anyName(connection.headers));
    this.#headers = connection.headers ?? {};
    this.#fetch = connection.fetch ?? ((url, init) => fetch(url, init));
  }

  /** The member that the next request goes to. */
  get endpoint(): string {
    return this.#endpoints[this.#current] ?? '';
  }

  /** Leaves a member alone for now, if it is still the one in use: many requests can fail at once, and count once. */
  leave(endpoint: string): void {
    if (this.endpoint === endpoint) this.#current = (this.#current + 1) % this.#endpoints.length;
  }

  /** Sends one request. @throws whatever went wrong, with etcd's own words: it may have been done or not. */
  async post(path: string, body: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    requireSignal(`etcd ${path}`, signal);
    signal.throwIfAborted();
    const headers = { 'content-type': 'application/json', ...(await this.#ownHeaders()) };
    const { endpoint } = this;
    let status: number;
    let text: string;
    try {
      const init = { method: 'POST', headers, body: JSON.stringify(body), signal, redirect: 'error' } as const;
      const response = await this.#fetch(`${endpoint}${path}`, init);
      status = response.status;
      text = await textOf(response);
    } catch (cause) {
      this.leave(endpoint);
      signal.throwIfAborted();
      throw new Error(`etcd: ${path} at ${endpoint} got no answer`, { cause });
    }
    if (status >= 500) this.leave(endpoint);
    const answer = parsed(text);
    if (status === 200 && answer !== undefined && isOfEtcd(answer)) return answer;
    throw new Error(`etcd: ${path} at ${endpoint} answered ${status}: ${complaint(answer, text)}`, { cause: answer });
  }

  async #ownHeaders(): Promise<Readonly<Record<string, string>>> {
    return typeof this.#headers === 'function' ? await this.#headers() : this.#headers;
  }
}

async function textOf(response: EtcdResponse): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done || part.value === undefined) return text + decoder.decode();
    bytes += part.value.byteLength;
    if (bytes > ETCD_RESPONSE_BYTES_MAX) {
      void reader?.cancel().catch(() => undefined);
      throw new Error(`etcd: requires an answer of at most ${ETCD_RESPONSE_BYTES_MAX} bytes, got more`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An empty object would read as "not succeeded", whoever sent it; etcd's answers have a header, in streams inside the result. */
function isOfEtcd(answer: JsonObject): boolean {
  const { error, result, header } = answer;
  return error === undefined && isJsonObject(isJsonObject(result) ? result['header'] : header);
}

/** Unary calls put their error in `message`, streaming ones in `error.message`. */
function complaint(answer: JsonObject | undefined, text: string): string {
  const error = answer?.['error'];
  const message = answer?.['message'] ?? (isJsonObject(error) ? error['message'] : error);
  return (typeof message === 'string' ? message : text.trim()).slice(0, ERROR_CHARS_MAX);
}

function requireEndpoints(operation: string, given: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const wrong = list.findIndex((each) => typeof each !== 'string' || !/^https?:\/\/[^/?#\s@]+\/?$/.test(each));
  if (wrong === -1 && list.length > 0 && list.length <= ENDPOINTS_MAX) {
    return list.map((each) => String(each).replace(/\/$/, ''));
  }
  const got = wrong === -1 ? `${list.length} of them` : describeValue(list[wrong]);
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation} endpoints: requires 1 to ${ENDPOINTS_MAX} URLs without path or password, got ${got}. ` +
      "Pass the members' client URLs: 'http://127.0.0.1:2379'.",
  );
}

/** Headers have names of the user's own; only their being an object is checked. */
function anyName(headers: unknown): readonly string[] {
  return typeof headers === 'object' && headers !== null ? Object.keys(headers) : [];
}
