/**
 * How wide the interval of one exchange is on loopback, ours beside the plain client's, exchange by exchange.
 *
 * A client polls seldom, so its code and the kernel's are cold every time: that is why there are 100 ms between two exchanges, and why a closed
 * loop would say nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exchange, ntp, systemClock, type TimeSource } from 'truechimer';
import { type BenchOptions, type BenchRow, rowOf } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';
import { plainWidthMs } from './plain-client.ts';
import { startResponder } from './responder.ts';

const PACING_MS = 100;
const EXCHANGES = 101;
const EXCHANGES_QUICK = 21;

/** The goal on the ratio of the widths when the server answers at once. */
const RATIO_MAX = 0.35;

/** The rows for a server that answers at once, and for one that takes a millisecond. */
export async function widthRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  return [...(await rowsAt(0, RATIO_MAX, options)), ...(await rowsAt(1, undefined, options))];
}

async function rowsAt(dwellMs: number, goal: number | undefined, options: BenchOptions): Promise<readonly BenchRow[]> {
  const responder = await startResponder(dwellMs);
  try {
    const when = `${dwellMs === 0 ? 'server answers at once' : `server takes ${dwellMs} ms`}, in ${responder.language}`;
    options.progress(`widths, ${when} …`);
    const { ours, plain } = await measure(responder.address, options.quick ? EXCHANGES_QUICK : EXCHANGES);
    const peer = 'plain dgram client';
    const ratio = { name: `width (${when})`, value: median(ours) / median(plain), unit: 'ratio', peer };
    return [
      rowOf(goal === undefined ? ratio : { ...ratio, goal }),
      rowOf({ name: `width (${when}): ours`, value: median(ours) * 1000, unit: 'us' }),
      rowOf({ name: `width (${when}): plain dgram client`, value: median(plain) * 1000, unit: 'us' }),
    ];
  } finally {
    responder.stop();
  }
}

async function measure(address: string, exchanges: number): Promise<{ ours: number[]; plain: number[] }> {
  const source = ntp(address);
  const [host = '', port = ''] = address.split(':');
  const ours: number[] = [];
  const plain: number[] = [];
  for (let at = 0; at < exchanges; at += 1) {
    await sleep(PACING_MS);
    ours.push(await ourWidthMs(source));
    await sleep(PACING_MS);
    plain.push(await plainWidthMs(host, Number(port)));
  }
  return { ours, plain };
}

async function ourWidthMs(source: TimeSource): Promise<number> {
  const signal = new AbortController().signal;
  const measured = await source.measure({ clock: systemClock.port, timeoutMs: 2000, signal });
  if (measured.outcome !== 'measured')
    throw new Error(`our client got no answer: ${measured.outcome}: ${measured.detail}`);
  return widthOf(measured.exchange);
}

function widthOf({ sentMs, receivedMs, serverReceived, serverSent }: Exchange): number {
  const dwellMs = serverSent.wholeMs - serverReceived.wholeMs + (serverSent.fractionMs - serverReceived.fractionMs);
  return receivedMs - sentMs - dwellMs;
}
