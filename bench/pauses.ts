/**
 * What our monitor and others say of real pauses, and what they cost: injections that the kernel confirms, idle processes, the guard.
 */
import { matrixText } from '../test/injections/matrix.ts';
import type { BenchOptions, BenchResult, BenchRow } from './harness/bench.ts';
import { idleAlarms, injectionRows, injectOurs, injectPeers, peerTable } from './pauses/comparison.ts';
import { blockRows, guardRows, idleRows } from './pauses/costs.ts';
import { resumeRows } from './pauses/resumes.ts';

export const name = 'pauses';
export const summary = 'the causes of injected pauses, ours and what others say of them, and what watching costs';

export async function run(options: BenchOptions): Promise<BenchResult> {
  const guard = await guardRows(options);
  // Idle processes beside each other: they hardly use the machine.
  const [idle, alarms] = await Promise.all([idleRows(options), idleAlarms(options)]);
  const costs: readonly BenchRow[] = [...guard, ...idle, ...alarms, ...(await blockRows(options))];
  if (process.platform !== 'linux') return { rows: costs, text: 'Injections are confirmed by Linux only.' };
  const resumes = await resumeRows(options);
  const ours = await injectOurs(options);
  const heard = await injectPeers(options);
  return {
    rows: [...costs, ...resumes, ...injectionRows(ours)],
    text: [matrixText(ours), peerTable(ours, heard)].join('\n\n'),
  };
}
