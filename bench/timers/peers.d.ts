/** What is used of a package that comes without types. */
declare module '@sinonjs/fake-timers' {
  export interface InstalledClock {
    readonly now: number;
    tick(ms: number): number;
    uninstall(): void;
  }
  export function install(config: {
    readonly now?: number;
    readonly toFake?: readonly string[];
    readonly loopLimit?: number;
  }): InstalledClock;
}
