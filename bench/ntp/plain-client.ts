/**
 * The client that everybody writes: a socket, a request in a fresh buffer, two readings of a good clock around it.
 */
import { createSocket } from 'node:dgram';

/** One exchange. @returns The width of the interval that it proves: (T4 - T1) - (T3 - T2), in ms. */
export function plainWidthMs(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const request = Buffer.alloc(48);
    request[0] = 0x23;
    let sentMs = 0;
    socket.on('error', reject);
    socket.on('message', (reply) => {
      const receivedMs = performance.now();
      socket.close();
      const dwellMs =
        (reply.readUInt32BE(40) - reply.readUInt32BE(32)) * 1000 +
        ((reply.readUInt32BE(44) - reply.readUInt32BE(36)) / 2 ** 32) * 1000;
      resolve(receivedMs - sentMs - dwellMs);
    });
    sentMs = performance.now();
    socket.send(request, port, host);
  });
}
