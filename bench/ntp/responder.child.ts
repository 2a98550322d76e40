/**
 * The least NTP server that Node can be, for machines without a C compiler: T2 is the first statement, T3 the last but one.
 *
 * Prints its address. The argument is a dwell in ms between T2 and T3. Its own way through the event loop is in every width that is measured
 * against it, in ours and in the peer's alike, so ratios against it look worse than they are.
 */
import { createSocket } from 'node:dgram';

const dwellMs = Number(process.argv[2] ?? '0');
const reply = Buffer.alloc(48);
reply.set([0x24, 3, 6, 0xec]);

const server = createSocket({
  type: 'udp4',
  // Addresses need no resolver; the default takes a turn of the event loop to find that out.
  lookup: (address, _options, callback) => {
    callback(null, address, 4);
  },
});

server.on('message', (request, from) => {
  const receivedMs = performance.now();
  stamp(16, receivedMs);
  stamp(32, receivedMs);
  request.copy(reply, 24, 40, 48);
  const send = (): void => {
    stamp(40, performance.now());
    server.send(reply, from.port, from.address);
  };
  if (dwellMs > 0) setTimeout(send, dwellMs);
  else send();
});

server.bind(0, '127.0.0.1', () => {
  console.log(`127.0.0.1:${server.address().port}`);
});

function stamp(at: number, monotonicMs: number): void {
  const epochMs = performance.timeOrigin + monotonicMs + 2_208_988_800_000;
  const seconds = Math.floor(epochMs / 1000);
  reply.writeUInt32BE(seconds % 2 ** 32, at);
  reply.writeUInt32BE(Math.floor((epochMs / 1000 - seconds) * 2 ** 32), at + 4);
}
