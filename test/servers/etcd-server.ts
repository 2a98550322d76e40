/**
 * A real etcd of our own, one member; its JSON gateway is at `/v3/…` of the clients' port.
 *
 * Its wall clock cannot be faked (it is written in Go), and its leases do not follow the wall clock anyway.
 */
import { basename, join } from 'node:path';
import { requiredBinary } from './server-binary.ts';
import { Server } from './server.ts';

const PROBE_MAX_MS = 5_000;

/** Whether the etcd at this address has a leader and is the member with this name. */
async function answers(url: string, name: string): Promise<boolean> {
  const signal = AbortSignal.timeout(PROBE_MAX_MS);
  const health = await fetch(`${url}/health`, { signal });
  if (!health.ok) return false;
  const reply = await fetch(`${url}/v3/cluster/member/list`, { method: 'POST', body: '{}', signal });
  return (await reply.text()).includes(`"name":"${name}"`);
}

const urlAt = (port: number | undefined): string => `http://127.0.0.1:${port ?? 0}`;

/** Starts one. */
export function startEtcd(): Promise<Server> {
  return Server.start({
    name: 'etcd',
    portCount: 2,
    binary: requiredBinary('etcd'),
    args: ({ folder, ports: [client, peer] }) => {
      const name = basename(folder);
      return [
        ...['--name', name, '--data-dir', join(folder, 'data')],
        ...['--listen-client-urls', urlAt(client), '--advertise-client-urls', urlAt(client)],
        ...['--listen-peer-urls', urlAt(peer), '--initial-advertise-peer-urls', urlAt(peer)],
        ...['--initial-cluster', `${name}=${urlAt(peer)}`],
      ];
    },
    answers: ({ folder, ports }) => answers(urlAt(ports[0]), basename(folder)),
    url: urlAt,
    stopSignal: 'SIGTERM',
    abandonSignal: 'SIGKILL',
  });
}
