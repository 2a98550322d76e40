/**
 * Makes faults out of shares in [0, 1), so that the nemesis (which draws the shares) and property tests (which shrink them) make the same
 * ones: share 0 is always the mildest. Sizes are whole milliseconds, spread evenly over orders of magnitude.
 */
import { ClockError, requireDurationMs, requireNumber } from '../core/index.ts';
import { type Fault, type FaultKind, NETWORK_FAULT_KINDS } from './fault.ts';

/** How severe faults may be. What is left out has the default that is given with it. */
export interface FaultLimits {
  /** The largest step of a wall clock, either way. Default an hour. */
  readonly stepMsMax?: number;
  /** The largest slew, either way. Default 500 ppm, as far as Linux goes by itself. */
  readonly slewPpmMax?: number;
  /** The longest slew. Default an hour. */
  readonly slewMsMax?: number;
  /** The largest constant drift, either way. Default 50 ppm, the drift bound that truechimer declares by default. */
  readonly driftPpmMax?: number;
  /** The longest pause of a process or a virtual machine. Default a minute. */
  readonly pauseMsMax?: number;
  /** The longest suspend. Default an hour. */
  readonly suspendMsMax?: number;
  /** How long a crashed node stays down at the most. Default a minute. */
  readonly downMsMax?: number;
  /** How far monotonic time may go back. Default one second. */
  readonly backMsMax?: number;
  /** How long a cut, a partition or a bad link lasts at the most. Default ten minutes. */
  readonly cutMsMax?: number;
  /** The mean delay of the worst link. Default one second. */
  readonly delayMsMax?: number;
  /** The loss of the worst link, 0 to 1. Default 0.5. */
  readonly lossMax?: number;
}

/** The limits when nothing is said. */
export const FAULT_LIMITS_DEFAULT: Required<FaultLimits> = {
  stepMsMax: 3_600_000,
  slewPpmMax: 500,
  slewMsMax: 3_600_000,
  driftPpmMax: 50,
  pauseMsMax: 60_000,
  suspendMsMax: 3_600_000,
  downMsMax: 60_000,
  backMsMax: 1000,
  cutMsMax: 600_000,
  delayMsMax: 1000,
  lossMax: 0.5,
};

/** How many shares the hungriest fault takes. */
export const SHARES_PER_FAULT = 6;

/** Where a fault happens. */
export interface FaultPlace {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** The names to choose from. */
  readonly nodes: readonly string[];
  readonly limits: Required<FaultLimits>;
}

/** Fills in and checks limits. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION. */
export function settleLimits(limits: FaultLimits = {}): Required<FaultLimits> {
  const settled = { ...FAULT_LIMITS_DEFAULT, ...limits };
  const { slewPpmMax, driftPpmMax, lossMax, ...durations } = settled;
  for (const value of Object.values(durations)) requireDurationMs('faults', value, { minMs: 1 });
  for (const value of [slewPpmMax, driftPpmMax]) {
    requireNumber('faults', value, { what: 'a rate', min: 0, max: 100_000, unit: 'ppm' });
  }
  requireNumber('faults', lossMax, { what: 'a share', min: 0, max: 1 });
  return settled;
}

/** Refuses kinds of faults that these nodes cannot have. @throws TC_INVALID_ARGUMENT. */
export function requireNodesFor(operation: string, kinds: readonly FaultKind[], nodes: readonly string[]): void {
  const between = kinds.find((kind) => kind !== 'heal' && isNetworkFault(kind));
  const needed = between === undefined ? 1 : 2;
  if (nodes.length >= needed) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires at least ${needed} ${needed === 1 ? 'node' : `nodes for a ${between ?? ''}`}, ` +
      `got ${nodes.length}. Name the nodes that may have faults.`,
  );
}

/** Whether it is a fault between nodes. */
export function isNetworkFault(kind: FaultKind): boolean {
  return (NETWORK_FAULT_KINDS as readonly FaultKind[]).includes(kind);
}

/** Makes one fault; `share` gives the next share in [0, 1) at each call. */
export function shapeFault(place: FaultPlace, share: () => number): Fault {
  const { kind, atMs, limits, nodes } = place;
  const upTo = (maxMs: number): number => sizeOf(share(), maxMs);
  const forMs = upTo;
  switch (kind) {
    case 'heal':
      return { kind, atMs };
    case 'link': {
      const [from, to] = pairOf(share(), nodes);
      const delay = { kind: 'exponential', baseMs: 0, meanMs: upTo(limits.delayMsMax) } as const;
      const link = { delay, loss: share() * limits.lossMax, duplication: share() * limits.lossMax };
      return { kind, atMs, from, to, link, forMs: forMs(limits.cutMsMax) };
    }
    case 'cut': {
      const [from, to] = pairOf(share(), nodes);
      return { kind, atMs, from, to, forMs: forMs(limits.cutMsMax) };
    }
    case 'partition':
      return { kind, atMs, groups: groupsOf(share(), nodes), forMs: forMs(limits.cutMsMax) };
    default:
      return shapeNodeFault(kind, { atMs, node: pick(share(), nodes) }, limits, share);
  }
}

type NodeKind = Exclude<FaultKind, 'heal' | 'link' | 'cut' | 'partition'>;

function shapeNodeFault(
  kind: NodeKind,
  where: { readonly atMs: number; readonly node: string },
  limits: Required<FaultLimits>,
  share: () => number,
): Fault {
  const upTo = (maxMs: number): number => sizeOf(share(), maxMs);
  const signed = (size: number): number => (share() < 0.5 ? size : -size);
  switch (kind) {
    case 'step':
      return { kind, ...where, byMs: signed(upTo(limits.stepMsMax)) };
    case 'slew':
      return { kind, ...where, ppm: signed(share() * limits.slewPpmMax), forMs: upTo(limits.slewMsMax) };
    case 'drift':
      return { kind, ...where, drift: { driftPpm: signed(share() * limits.driftPpmMax) } };
    case 'leap-second':
      return { kind, ...where, leap: share() < 0.5 ? 'insert' : 'delete' };
    case 'pause':
      return { kind, ...where, forMs: upTo(limits.pauseMsMax) };
    case 'vm-pause':
      return { kind, ...where, forMs: upTo(limits.pauseMsMax) };
    case 'suspend':
      return { kind, ...where, forMs: upTo(limits.suspendMsMax) };
    case 'crash':
      return { kind, ...where, restartAfterMs: upTo(limits.downMsMax) };
    case 'monotonic-back':
      return { kind, ...where, byMs: upTo(limits.backMsMax) };
  }
}

/** From 1 ms up to the largest size, evenly on a logarithmic scale. */
function sizeOf(share: number, maxMs: number): number {
  return Math.round(maxMs ** share);
}

function pick(share: number, nodes: readonly string[]): string {
  return nodes[Math.floor(share * nodes.length)] as string;
}

/** Two different nodes. */
function pairOf(share: number, nodes: readonly string[]): readonly [string, string] {
  const index = Math.floor(share * nodes.length * (nodes.length - 1));
  const first = Math.floor(index / (nodes.length - 1));
  const second = index % (nodes.length - 1);
  return [nodes[first] as string, nodes[second < first ? second : second + 1] as string];
}

/** Above this many nodes groups repeat themselves: a share has no more bits. */
const GROUP_BITS_MAX = 20;

/** Two groups, neither empty, that have every node. */
function groupsOf(share: number, nodes: readonly string[]): readonly [string[], string[]] {
  const bits = Math.min(nodes.length, GROUP_BITS_MAX);
  const mask = 1 + Math.floor(share * (2 ** bits - 2));
  const isFirst = (index: number): boolean => ((mask >>> (index % bits)) & 1) === 1;
  return [nodes.filter((_, index) => isFirst(index)), nodes.filter((_, index) => !isFirst(index))];
}
