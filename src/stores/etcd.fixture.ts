/**
 * An etcd that answers what a test says, path by path.
 */
import type { EtcdFetch, EtcdRequestInit, EtcdResponse } from './etcd-gateway.ts';

/** One request as it was seen. */
export interface Asked {
  readonly url: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly init: EtcdRequestInit;
}

/** What to answer: an object is JSON with status 200. */
export type Answer = Readonly<Record<string, unknown>> | ((asked: Asked) => Promise<EtcdResponse>);

/** A response with a body in parts. */
export function response(status: number, ...parts: readonly (string | Uint8Array)[]): EtcdResponse {
  const chunks = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part));
  return {
    status,
    body: {
      getReader: () => ({
        read: () => {
          const value = chunks.shift();
          return Promise.resolve(value === undefined ? { done: true } : { done: false, value });
        },
        cancel: () => Promise.resolve(),
      }),
    },
  };
}

/** A `fetch` that takes the answers of a path in turn; the last one is given again and again. */
export function scriptedEtcd(answers: Readonly<Record<string, readonly Answer[]>>): {
  readonly fetch: EtcdFetch;
  readonly asked: Asked[];
} {
  const asked: Asked[] = [];
  const counts = new Map<string, number>();
  return {
    asked,
    fetch: async (url, init) => {
      const path = url.slice(url.indexOf('/v3/'));
      const request = { url, path, body: JSON.parse(init.body) as Record<string, unknown>, init };
      asked.push(request);
      const list = answers[path] ?? [];
      const count = counts.get(path) ?? 0;
      counts.set(path, count + 1);
      const answer = list[Math.min(count, list.length - 1)];
      if (answer === undefined) return response(404, 'Not Found\n');
      return typeof answer === 'function' ? await answer(request) : response(200, JSON.stringify(answer));
    },
  };
}
