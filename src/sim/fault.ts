/**
 * A fault as data: what happens to which node or link, and when. A schedule is a list of them, prints as JSON, and can be given back.
 */
import { ClockError, requireDurationMs, requireNumber } from '../core/index.ts';
import { DriftModel, type DriftOptions } from './drift-model.ts';
import { linkOf, type LinkSpec } from './link-spec.ts';
import { SeededRandom } from './random.ts';
import { requireLink } from './sim-network.ts';
import { LEAP_SMEAR_MS_MIN, SLEW_PPM_MAX, STEP_MS_MAX } from './sim-node.ts';

interface AtMoment {
  /** True time since the start of the simulation, in ms. */
  readonly atMs: number;
}

interface OnNode extends AtMoment {
  /** The name of the node. */
  readonly node: string;
}

/** What can happen to one node. */
export type NodeFault =
  /** Somebody sets its wall clock; positive is forward. */
  | (OnNode & { readonly kind: 'step'; readonly byMs: number })
  | (OnNode & { readonly kind: 'slew'; readonly ppm: number; readonly forMs: number })
  /** The oscillator changes, for good. */
  | (OnNode & { readonly kind: 'drift'; readonly drift: DriftOptions })
  | (OnNode & { readonly kind: 'leap-second'; readonly leap: 'insert' | 'delete'; readonly smearMs?: number })
  | (OnNode & { readonly kind: 'pause'; readonly forMs: number })
  | (OnNode & { readonly kind: 'vm-pause'; readonly forMs: number; readonly wall?: 'jumps' | 'stays' })
  | (OnNode & { readonly kind: 'suspend'; readonly forMs: number })
  | (OnNode & { readonly kind: 'crash'; readonly restartAfterMs: number })
  /** Illegal, and seen in the wild. */
  | (OnNode & { readonly kind: 'monotonic-back'; readonly byMs: number });

/** What can happen between nodes. */
export type NetworkFault =
  /** One direction is like this; for good when `forMs` is left out. */
  | (AtMoment & {
      readonly kind: 'link';
      readonly from: string;
      readonly to: string;
      readonly link: LinkSpec;
      readonly forMs?: number;
    })
  /** One direction is cut; for good when `forMs` is left out. */
  | (AtMoment & { readonly kind: 'cut'; readonly from: string; readonly to: string; readonly forMs?: number })
  /** Every link between two groups is cut, both ways. */
  | (AtMoment & {
      readonly kind: 'partition';
      readonly groups: readonly [readonly string[], readonly string[]];
      readonly forMs: number;
    })
  /** Every cut and partition ends. */
  | (AtMoment & { readonly kind: 'heal' });

/** What can happen. */
export type Fault = NodeFault | NetworkFault;

/** The kinds of faults. */
export type FaultKind = Fault['kind'];

/** Every kind of fault to one node, from mild to severe. */
export const NODE_FAULT_KINDS: readonly NodeFault['kind'][] = [
  'step',
  'slew',
  'drift',
  'leap-second',
  'pause',
  'vm-pause',
  'suspend',
  'crash',
  'monotonic-back',
];

/** Every kind of fault between nodes, from mild to severe. */
export const NETWORK_FAULT_KINDS: readonly NetworkFault['kind'][] = ['heal', 'link', 'cut', 'partition'];

/** Every kind of fault. */
export const FAULT_KINDS: readonly FaultKind[] = [...NETWORK_FAULT_KINDS, ...NODE_FAULT_KINDS];

/** How many faults a schedule may have: more is refused. A hundred each day for three months, and a page that nobody reads. */
export const FAULTS_MAX = 10_000;

const OPERATION = 'fault';

/** The names of the nodes that a fault concerns. */
export function nodesOf(fault: Fault): readonly string[] {
  switch (fault.kind) {
    case 'heal':
      return [];
    case 'link':
    case 'cut':
      return [fault.from, fault.to];
    case 'partition':
      return [...fault.groups[0], ...fault.groups[1]];
    default:
      return [fault.node];
  }
}

/**
 * Checks the numbers of a fault; whether its nodes exist is not known here.
 *
 * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION, TC_INVALID_ARGUMENT.
 */
export function requireFault(fault: Fault): Fault {
  requireDurationMs(OPERATION, fault.atMs);
  const { forMs } = fault as { readonly forMs?: number | undefined };
  if (forMs !== undefined) requireDurationMs(OPERATION, forMs);
  switch (fault.kind) {
    case 'step':
      requireNumber(OPERATION, fault.byMs, { what: 'a step', min: -STEP_MS_MAX, max: STEP_MS_MAX, unit: 'ms' });
      break;
    case 'slew':
      requireNumber(OPERATION, fault.ppm, { what: 'a slew', min: -SLEW_PPM_MAX, max: SLEW_PPM_MAX, unit: 'ppm' });
      break;
    case 'drift':
      new DriftModel(fault.drift, new SeededRandom(0));
      break;
    case 'leap-second':
      if (fault.smearMs !== undefined) requireDurationMs(OPERATION, fault.smearMs, { minMs: LEAP_SMEAR_MS_MIN });
      break;
    case 'crash':
      requireDurationMs(OPERATION, fault.restartAfterMs);
      break;
    case 'monotonic-back':
      requireDurationMs(OPERATION, fault.byMs);
      break;
    case 'link':
      requireLink(linkOf(fault.link));
      break;
    case 'partition':
      requireGroups(fault.groups);
      break;
    case 'pause':
    case 'vm-pause':
    case 'suspend':
    case 'cut':
    case 'heal':
      break;
    default:
      throw new ClockError(
        'TC_INVALID_ARGUMENT',
        `${OPERATION}: requires a kind of fault, got ${JSON.stringify((fault as Fault).kind)}. ` +
          `Use one of ${FAULT_KINDS.join(', ')}.`,
      );
  }
  return fault;
}

function requireGroups(groups: readonly [readonly string[], readonly string[]]): void {
  const [a, b] = groups;
  const shared = a.find((name) => b.includes(name));
  if (a.length > 0 && b.length > 0 && shared === undefined) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${OPERATION}: a partition requires two groups without a node in common, ` +
      `got ${shared === undefined ? 'an empty one' : `${shared} in both`}. Put every node into one group at the most.`,
  );
}
