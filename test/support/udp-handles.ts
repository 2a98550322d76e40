/** UDP sockets that keep this process alive: open ones that are not unreferenced. */
export function udpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /udp/i.test(name)).length;
}
