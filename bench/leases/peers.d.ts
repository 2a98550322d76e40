/** What is used of packages that come without types, or with types that their `exports` hide. */
declare module 'redlock4' {
  import type { Redis } from 'ioredis';
  export interface Lock {
    /** By `Date.now()`, with the drift taken off. */
    readonly expiration: number;
    extend(ttlMs: number): Promise<Lock>;
    unlock(): Promise<void>;
  }
  export default class Redlock {
    constructor(clients: readonly Redis[], options?: { readonly retryCount?: number; readonly retryDelay?: number });
    lock(resource: string, ttlMs: number): Promise<Lock>;
    on(event: 'clientError', listener: (error: unknown) => void): void;
  }
}

declare module 'redlock5' {
  import type { Redis } from 'ioredis';
  export default class Redlock {
    constructor(clients: readonly Redis[], settings?: { readonly retryCount?: number });
    using<T>(resources: string[], durationMs: number, routine: (signal: AbortSignal) => Promise<T>): Promise<T>;
    on(event: 'error', listener: (error: unknown) => void): void;
  }
}
