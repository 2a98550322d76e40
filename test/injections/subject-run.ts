/**
 * The process that suffers injections, with whatever watches it: it takes orders, and passes on what its witness tells.
 */
import { perform, prepareAct, prepareActs } from './acts.ts';
import type { Answer, Order, ToldBlock, ToldPause, ToldStep } from './protocol.ts';

/** What watches the process from inside: ours or a peer. */
export interface Witness {
  /** Starts; resolves once it watches. Tells what it can read. */
  start(tell: (what: ToldPause | ToldStep | ToldBlock) => void): Promise<Readonly<Record<string, boolean>>>;
  /** Called right before an act and right after it, in the same callback: no timer and no promise runs in between. */
  beforeAct?(): void;
  afterAct?(): void;
  /** What it knows when it is asked, beyond what it told. */
  figures?(): Readonly<Record<string, number>>;
}

/** Runs until the parent ends it. */
export function runSubject(witness: Witness): void {
  const say = (answer: Answer): void => {
    process.send?.(answer);
  };
  const obey = async (order: Order): Promise<void> => {
    switch (order.order) {
      case 'start':
        prepareActs();
        say({ said: 'started', capabilities: await witness.start(say) });
        return;
      case 'act': {
        await prepareAct(order.act, order.file);
        witness.beforeAct?.();
        const truth = perform(order.act, order.ms, order.file);
        witness.afterAct?.();
        say({ said: 'acted', ...truth });
        return;
      }
      case 'rest':
        setTimeout(() => {
          say({ said: 'rested' });
        }, order.ms);
        return;
      case 'ask':
        say({ said: 'asked', figures: witness.figures?.() ?? {} });
    }
  };
  process.on('message', (order: Order) => {
    obey(order).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  process.on('disconnect', () => {
    process.exit(0);
  });
  say({ said: 'hello' });
}
