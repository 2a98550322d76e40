/** The TCP proxy that stands between lease holders and their servers: each fault does what it says. Real sockets. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from '../servers/tcp-proxy.ts';
import { until } from './until.ts';

describe('the TCP proxy', () => {
  /** A server that answers each chunk with itself, and what it has received: a new one for each test, which hears nothing of the last. */
  let received: string[];
  let sockets: Set<Socket>;
  let echo: Server;
  const all = (): string => received.join('');

  beforeEach(async () => {
    const heard: string[] = (received = []);
    const open = (sockets = new Set<Socket>());
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => heard.push('<reset>'));
      socket.on('end', () => {
        heard.push('<end>');
        socket.end('bye');
      });
      socket.on('data', (chunk) => {
        heard.push(chunk.toString('latin1'));
        socket.write(chunk);
      });
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    const closed = new Promise((resolve) => echo.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });

  async function proxied(): Promise<TcpProxy> {
    const address = echo.address();
    return TcpProxy.listen(typeof address === 'object' ? (address?.port ?? 0) : 0);
  }

  /** A client, what it has heard so far, and how it ended. */
  class Client {
    heard = '';
    ended = '';
    readonly socket: Socket;
    constructor(proxy: TcpProxy) {
      this.socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
      this.socket.on('data', (chunk) => (this.heard += chunk.toString('latin1')));
      this.socket.on('end', () => (this.ended = 'end'));
      this.socket.on('error', (error: NodeJS.ErrnoException) => (this.ended = error.code ?? ''));
    }
    hears(text: string): Promise<void> {
      return until(() => this.heard === text);
    }
    ends(how: string): Promise<void> {
      return until(() => this.ended === how);
    }
  }

  it('passes both ways, a half-closed connection too, and counts', async () => {
    await using proxy = await proxied();
    const client = new Client(proxy);
    client.socket.write('one');
    await client.hears('one');
    client.socket.end('two');
    await client.hears('onetwobye');
    await client.ends('end');
    await until(() => proxy.counters.open === 0);
    expect(proxy.counters).toEqual({
      accepted: 1,
      open: 0,
      requestBytes: 6,
      replyBytes: 9,
      lostRequestBytes: 0,
      lostReplyBytes: 0,
      keptBytes: 0,
    });
  });

  it('passes a reset on, either way', async () => {
    await using proxy = await proxied();
    const client = new Client(proxy);
    client.socket.write('a');
    await client.hears('a');
    client.socket.resetAndDestroy();
    await until(() => all().endsWith('<reset>'));
    const other = new Client(proxy);
    other.socket.write('b');
    await other.hears('b');
    for (const socket of sockets) socket.resetAndDestroy();
    await other.ends('ECONNRESET');
    await until(() => proxy.counters.open === 0);
  });

  it('passes many bytes to a slow reader, and keeps few of them', async () => {
    await using proxy = await proxied();
    const client = new Client(proxy);
    const many = 'x'.repeat(8 << 20);
    client.socket.write('a');
    await client.hears('a');
    proxy.blackHole();
    client.socket.end(many);
    await until(() => proxy.counters.keptBytes >= 1 << 20);
    await delay(50);
    expect(proxy.counters.keptBytes).toBeLessThan(2 << 20);
    client.socket.pause();
    await proxy.heal();
    await delay(50);
    expect(proxy.counters.keptBytes).toBeLessThan(4 << 20);
    client.socket.resume();
    await client.ends('end');
    expect(client.heard.length).toBe(1 + many.length + 'bye'.length);
    expect(proxy.counters.requestBytes).toBe(1 + many.length);
    expect(proxy.counters.keptBytes).toBe(0);
  });

  it('black hole: nothing passes, connections stay open, all arrives when it heals', async () => {
    await using proxy = await proxied();
    const before = new Client(proxy);
    before.socket.write('a');
    await before.hears('a');
    proxy.blackHole();
    before.socket.write('late');
    const gone = new Client(proxy);
    gone.socket.write('gone');
    await until(() => proxy.counters.accepted === 2);
    gone.socket.end();
    await delay(50);
    expect([all(), before.heard, before.ended, proxy.counters.open, sockets.size]).toEqual(['a', 'a', '', 2, 1]);
    await proxy.heal();
    await before.hears('alate');
    await until(() => all().includes('gone') && all().includes('<end>'));
    await gone.ends('end');
    before.socket.destroy();
    await until(() => proxy.counters.open === 0);
  });

  it('loses replies: requests arrive, replies never do, and healing resets what has a hole', async () => {
    await using proxy = await proxied();
    const client = new Client(proxy);
    client.socket.write('a');
    await client.hears('a');
    proxy.loseReplies();
    client.socket.write('done');
    await until(() => all() === 'adone' && proxy.counters.lostReplyBytes === 4);
    expect([client.heard, client.ended]).toEqual(['a', '']);
    await proxy.heal();
    await client.ends('ECONNRESET');
    await until(() => proxy.counters.open === 0);
    const next = new Client(proxy);
    next.socket.write('b');
    await next.hears('b');
    next.socket.destroy();
  });

  it('loses requests: nothing arrives', async () => {
    await using proxy = await proxied();
    const client = new Client(proxy);
    client.socket.write('a');
    await client.hears('a');
    proxy.loseRequests();
    client.socket.write('never');
    await until(() => proxy.counters.lostRequestBytes === 5);
    const fresh = new Client(proxy);
    fresh.socket.write('never');
    await until(() => proxy.counters.accepted === 2);
    expect(all()).toBe('a');
    await proxy.heal();
    await client.ends('ECONNRESET');
    fresh.socket.destroy();
  });

  it('delays replies, delays requests, and healing lets them go at once', async () => {
    await using proxy = await proxied();
    const client = new Client(proxy);
    client.socket.write('a');
    await client.hears('a');
    const startedMs = performance.now();
    proxy.delayReplies(150);
    client.socket.write('b');
    await client.hears('ab');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(149);
    proxy.delayReplies(0);
    proxy.delayRequests(3_600_000);
    client.socket.write('c');
    await delay(50);
    expect(all()).toBe('ab');
    await proxy.heal();
    await client.hears('abc');
    client.socket.destroy();
  });

  it('refuses: open connections are reset, new ones refused, and healing takes the same port', async () => {
    await using proxy = await proxied();
    const { port } = proxy;
    const client = new Client(proxy);
    client.socket.write('a');
    await client.hears('a');
    await proxy.refuse();
    await client.ends('ECONNRESET');
    await new Client(proxy).ends('ECONNREFUSED');
    await proxy.heal();
    expect(proxy.port).toBe(port);
    const next = new Client(proxy);
    next.socket.write('b');
    await next.hears('b');
    next.socket.destroy();
  });

  it('resets the client when nobody listens behind it', async () => {
    await using refusing = await proxied();
    await refusing.refuse();
    await using proxy = await TcpProxy.listen(refusing.port);
    const client = new Client(proxy);
    await client.ends('ECONNRESET');
    await until(() => proxy.counters.open === 0);
  });

  it('lets go of every handle when it closes amid every fault', async () => {
    const sorted = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((each) => /TCP|Timeout/.test(each))
        .sort();
    const before = sorted().filter((each) => each.startsWith('TCP'));
    const faults: ((proxy: TcpProxy) => unknown)[] = [
      (proxy) => proxy.blackHole(),
      (proxy) => proxy.loseReplies(),
      (proxy) => proxy.delayRequests(3_600_000),
      (proxy) => proxy.refuse(),
    ];
    for (const fault of faults) {
      const proxy = await proxied();
      const early = new Client(proxy);
      early.socket.write('early');
      await early.hears('early');
      await fault(proxy);
      const late = new Client(proxy);
      late.socket.write('late');
      await delay(20);
      await proxy.close();
      expect(proxy.counters.open).toBe(0);
      await until(() => early.socket.destroyed && late.socket.destroyed && sockets.size === 0);
    }
    await until(() => sorted().filter((each) => each.startsWith('TCP')).length <= before.length);
  });

  it('refuses a delay that no timer can wait', async () => {
    await using proxy = await proxied();
    for (const delayMs of [-1, Number.NaN, 1e9]) {
      expect(() => proxy.delayRequests(delayMs)).toThrow(RangeError);
      expect(() => proxy.delayReplies(delayMs)).toThrow(RangeError);
    }
  });
});
