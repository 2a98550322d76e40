/** What is used of packages that come without types. */
declare module 'toobusy-js' {
  interface TooBusy {
    (): boolean;
    /** Starts the timer. */
    onLag(listener: (lagMs: number) => void): void;
  }
  const toobusy: TooBusy;
  export default toobusy;
}

declare module 'blocked-at' {
  export default function blockedAt(listener: (blockedMs: number, stack: readonly string[]) => void): void;
}
