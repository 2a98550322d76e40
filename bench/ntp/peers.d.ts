/** The peers have no types of their own: what the bench uses of them. */
declare module '@hapi/sntp' {
  export function time(options: { readonly host: string; readonly port: number }): Promise<{ readonly t: number }>;
}

declare module 'ntp-client' {
  type Callback = (error: unknown, date: Date | null) => void;
  const ntpClient: { getNetworkTime: (server: string, port: number, callback: Callback) => void };
  export default ntpClient;
}

declare module 'ntpsync' {
  const ntpsync: {
    ntpLocalClockDeltaPromise: (options: {
      readonly fServerCarousel: readonly string[];
    }) => Promise<{ readonly minimalNTPLatencyDelta: number }>;
  };
  export default ntpsync;
}
