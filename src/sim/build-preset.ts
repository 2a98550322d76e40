/**
 * Builds a preset in a world: the client, its servers, and the real NTP client code between them.
 */
import { ClockError } from '../core/index.ts';
import type { NtpSource } from '../sync/index.ts';
import { type DriftOptions, WANDER_MAX_PPM_DEFAULT } from './drift-model.ts';
import { linkOf } from './link-spec.ts';
import { type Preset, type PresetName, PRESETS } from './presets.ts';
import type { NodeOptions, SimNode } from './sim-node.ts';
import { simNtp, SimNtpServer, type SimNtpServerSettings } from './sim-ntp.ts';
import type { SimWorldCore } from './sim-world.ts';

/** What can be changed about a preset when it is built. */
export interface BuildPresetOptions {
  /** How many servers, instead of the preset's own number; at least as many as lie. */
  readonly servers?: number;
  /** More about the client: granularity, platform. */
  readonly client?: Omit<NodeOptions, 'wallAheadMs' | 'drift'>;
  /** More about every server: what it admits to, how long it dwells. */
  readonly server?: Omit<SimNtpServerSettings, 'offsetMs'>;
  /** Put before the names of the nodes, so that one world can hold several. Default none. */
  readonly prefix?: string;
}

/** A preset in a world. */
export interface BuiltPreset {
  readonly preset: Preset;
  /** Give it to `BoundedClockCore` as the port. */
  readonly client: SimNode;
  /** The liars are the first ones. */
  readonly servers: readonly SimNtpServer[];
  readonly sources: readonly NtpSource[];
  /** The drift bound to declare. */
  readonly driftPpm: number;
  /** How many of the servers lie: what `falsetickers` must be at least, where that is possible. */
  readonly liars: number;
}

/**
 * The smallest drift bound that holds for such an oscillator, in ppm, rounded up to a whole one.
 *
 * A clock that is fast by y counts 1 + y for each true second, so true time advances by 1 / (1 + y) of what the clock counts, and the
 * bound is about that: a slow clock needs more than its own y. Without a limit on the wander there is no useful bound.
 */
export function driftBoundPpm(drift: DriftOptions): number {
  const { driftPpm = 0, wanderPpm = 0, wanderMaxPpm = WANDER_MAX_PPM_DEFAULT, wave } = drift;
  const swingPpm = (wanderPpm > 0 ? wanderMaxPpm : 0) + (wave?.amplitudePpm ?? 0);
  const errorPpm = (ppm: number): number => Math.abs(1 / (1 + ppm * 1e-6) - 1) * 1e6;
  const worstPpm = Math.max(errorPpm(driftPpm - swingPpm), errorPpm(driftPpm + swingPpm));
  // What the divisions above may have rounded off counts as well.
  return Math.ceil(worstPpm * (1 + 1e-9));
}

/**
 * Adds the nodes of a preset and the links between them.
 *
 * @throws TC_INVALID_ARGUMENT for a world that starts at another time than the preset, and for fewer servers than lie; TC_OUT_OF_RANGE.
 */
export function buildPreset(
  world: SimWorldCore,
  preset: Preset | PresetName,
  options: BuildPresetOptions = {},
): BuiltPreset {
  const chosen = typeof preset === 'string' ? PRESETS[preset] : preset;
  const count = options.servers ?? chosen.servers;
  requireFitting(world, chosen, count);
  const { prefix = '' } = options;
  const client = world.addNode(`${prefix}client`, { ...options.client, ...chosen.client });
  const servers = Array.from({ length: count }, (_, index) => {
    const node = world.addNode(`${prefix}server-${index + 1}`);
    world.network.setLinks(client, node, linkOf(chosen.toServer), linkOf(chosen.toClient));
    return new SimNtpServer(world, node, { ...options.server, offsetMs: chosen.liesMs[index] ?? 0 });
  });
  if (chosen.connected !== undefined) interrupt(world, client, servers, chosen.connected);
  const sources = servers.map((server) => simNtp(world, client, server, { pace: chosen.pace }));
  return { preset: chosen, client, servers, sources, driftPpm: chosen.driftPpm, liars: chosen.liesMs.length };
}

function requireFitting(world: SimWorldCore, preset: Preset, servers: number): void {
  const { epochMs } = preset;
  const startMs = world.trueTime.wholeMs - Math.floor(world.nowMs);
  if (epochMs !== undefined && epochMs !== startMs) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `buildPreset: this preset starts at ${epochMs}, and the world at ${startMs}. ` +
        'Make the world with the epochMs of the preset.',
      { epochMs, startMs },
    );
  }
  if (servers >= Math.max(1, preset.liesMs.length)) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `buildPreset: requires at least ${Math.max(1, preset.liesMs.length)} servers, got ${servers}. Ask for more.`,
  );
}

/** Cuts the client off after the first part of every period. */
function interrupt(
  world: SimWorldCore,
  client: SimNode,
  servers: readonly SimNtpServer[],
  { forMs, everyMs }: { readonly forMs: number; readonly everyMs: number },
): void {
  const { network } = world;
  const connect = (): void => {
    for (const { node } of servers) {
      network.mend(client, node);
      network.mend(node, client);
    }
    world.after(forMs, disconnect);
  };
  const disconnect = (): void => {
    network.partition(
      [client],
      servers.map(({ node }) => node),
    );
    world.after(everyMs - forMs, connect);
  };
  connect();
}
