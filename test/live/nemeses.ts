/**
 * What is done to contender A, or to the lock service, and how it ends again.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FakeWallClock } from '../servers/fake-time.ts';
import type { TcpProxy } from '../servers/tcp-proxy.ts';
import type { ContenderProcess } from './contender-process.ts';
import type { Engine } from './engines.ts';

/** Who and what a nemesis can lay hands on. */
export interface Scene {
  readonly engine: Engine;
  readonly proxy: TcpProxy;
  readonly holder: ContenderProcess;
  readonly ttlMs: number;
  /** Where the lock library keeps the lock. */
  readonly lockKey: string;
  /** A file that may be made. */
  readonly file: string;
  readonly wallClock: FakeWallClock | undefined;
}

export type NemesisName =
  | 'paused'
  | 'blocked'
  | 'black-hole'
  | 'refused'
  | 'lost-replies'
  | 'delayed-replies'
  | 'late-then-silent'
  | 'restart'
  | 'freed'
  | 'wall-clock';

/** One way to be unlucky. */
export interface Nemesis {
  /** For people. */
  readonly name: string;
  readonly strike: (scene: Scene) => Promise<void> | void;
  readonly heal: (scene: Scene) => Promise<void> | void;
  /**
   * `taken-over`: the lock service frees the lock, and B gets it. `either`: A may keep it. `robbed`: the lock service breaks its promise,
   * so B gets the lock while A's window still runs, and only the fence protects.
   */
  readonly effect: 'taken-over' | 'either' | 'robbed';
  /** A does not run until it heals. */
  readonly stopsHolder: boolean;
  /** A asks no more, and is told by the signal only. */
  readonly trustsSignal: boolean;
  readonly needsWallClock: boolean;
}

const HOUR_MS = 3_600_000;

const PLAIN = { effect: 'taken-over', stopsHolder: false, trustsSignal: false, needsWallClock: false } as const;

const healProxy = async ({ proxy }: Scene): Promise<void> => {
  await proxy.heal();
};

/** All of them. */
export const NEMESES: Readonly<Record<NemesisName, Nemesis>> = {
  paused: {
    ...PLAIN,
    name: 'paused (SIGSTOP) beyond the TTL',
    stopsHolder: true,
    strike: async ({ holder }) => {
      holder.tell({ do: 'pause' });
      await holder.untilStopped();
    },
    heal: ({ holder }) => {
      holder.goOn();
    },
  },
  blocked: {
    ...PLAIN,
    name: 'event loop blocked',
    stopsHolder: true,
    strike: async ({ holder, file }) => {
      holder.tell({ do: 'block', until: file });
      await holder.until('is about to block', (records) => records.some(({ kind }) => kind === 'pausing'));
    },
    heal: ({ file }) => {
      writeFileSync(file, '');
    },
  },
  'black-hole': {
    ...PLAIN,
    name: 'black hole',
    strike: ({ proxy }) => {
      proxy.blackHole();
    },
    heal: healProxy,
  },
  refused: {
    ...PLAIN,
    name: 'connection refused',
    trustsSignal: true,
    strike: async ({ proxy }) => {
      await proxy.refuse();
    },
    heal: healProxy,
  },
  'lost-replies': {
    ...PLAIN,
    name: 'replies lost',
    strike: ({ proxy }) => {
      proxy.loseReplies();
    },
    heal: healProxy,
  },
  'delayed-replies': {
    ...PLAIN,
    name: 'replies delayed by 1.5 TTL',
    strike: ({ proxy, ttlMs }) => {
      proxy.delayReplies(1.5 * ttlMs);
    },
    heal: healProxy,
  },
  // Whoever counts from the answer, not from before the request, believes for longer than the lock service.
  'late-then-silent': {
    ...PLAIN,
    name: 'replies delayed by 0.3 TTL, then silence',
    strike: async ({ proxy, ttlMs }) => {
      proxy.delayReplies(0.3 * ttlMs);
      await delay(ttlMs);
      proxy.loseRequests();
    },
    heal: healProxy,
  },
  restart: {
    ...PLAIN,
    name: 'server killed and restarted',
    effect: 'either',
    strike: async ({ engine }) => {
      await engine.server.kill();
      await engine.server.restart();
    },
    heal: () => undefined,
  },
  freed: {
    ...PLAIN,
    name: 'lock deleted by an operator',
    effect: 'robbed',
    strike: async ({ engine, lockKey }) => {
      await engine.free(lockKey);
    },
    heal: () => undefined,
  },
  'wall-clock': {
    ...PLAIN,
    name: 'wall clock 1 h back, then black hole',
    needsWallClock: true,
    strike: ({ proxy, wallClock }) => {
      wallClock?.setOffset(-HOUR_MS);
      proxy.blackHole();
    },
    heal: healProxy,
  },
};

/** Their names, in the order of the table. */
export const NEMESIS_NAMES = Object.keys(NEMESES) as readonly NemesisName[];
