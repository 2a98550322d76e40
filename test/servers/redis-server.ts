/**
 * A real Redis of our own, by default one that keeps what it has acknowledged (append-only file, synced always).
 */
import { connect } from 'node:net';
import type { FakeWallClock } from './fake-time.ts';
import { requiredBinary } from './server-binary.ts';
import { Server } from './server.ts';

/** The probe's limit: a server that is still loading its data answers too, with an error. */
const PROBE_MAX_MS = 5_000;

/** Whether the Redis at this port is the process with this pid. */
function answers(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1', () => socket.end('INFO server\r\n'));
    socket.setTimeout(PROBE_MAX_MS, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => (reply += text));
    socket.on('error', () => {});
    socket.on('close', () => resolve(reply.includes(`process_id:${pid}\r\n`)));
  });
}

/** How it is started. */
export interface RedisOptions {
  /** Whether a restart, even a crash, keeps what was acknowledged; default true. */
  readonly durable?: boolean;
  /** The wall clock that it lives by: key expiry follows it. */
  readonly wallClock?: FakeWallClock;
}

/** Starts one. */
export function startRedis(options: RedisOptions = {}): Promise<Server> {
  const durability = options.durable === false ? ['--appendonly', 'no'] : ['--appendonly', 'yes'];
  return Server.start({
    name: 'redis',
    portCount: 1,
    binary: requiredBinary('redis-server'),
    env: { ...options.wallClock?.env },
    args: ({ folder, ports }) => [
      ...['--bind', '127.0.0.1', '--port', String(ports[0]), '--dir', folder],
      ...['--save', '', '--appendfsync', 'always', ...durability],
    ],
    answers: ({ ports }, pid) => answers(ports[0], pid),
    url: (port) => `redis://127.0.0.1:${port}`,
    stopSignal: 'SIGTERM',
    abandonSignal: 'SIGKILL',
  });
}
