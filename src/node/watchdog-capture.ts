/**
 * How the watchdog's thread asks for the main thread's stack, and what it does with the answer.
 *
 * The question is evaluated in an interrupt on top of whatever the main thread executes; the answer arrives in this thread's event loop. A
 * session is as short as one question: an open one makes the process wait at its end.
 *
 * These functions run in the watchdog's thread, which gets their source texts: see `watchdog-worker.ts` for what they may use.
 */
import type * as inspector from 'node:inspector';
import type { Asked, Dog } from './watchdog-dog.ts';

type Session = inspector.Session;

/** Asks once while nothing is wrong: the first question of a process takes several times as long as the next ones. */
export function rehearse(dog: Dog, session: Session): void {
  const { expression } = dog.orders;
  const question = { expression, silent: true, returnByValue: true, disableBreaks: true };
  session.post('Runtime.evaluate', question as inspector.Runtime.EvaluateParameterType, () => {
    if (dog.session !== session) return;
    dog.parts.endSession(dog);
    setImmediate(() => {
      dog.parts.resume(dog);
    });
  });
}

/** Asks for the main thread's stack, if it is time; the answer comes through the event loop. */
export function capture(dog: Dog): void {
  const { memory, control, expression, capturesMax } = dog.orders;
  const { beatMs, sinceMs } = dog.judgement;
  if (Atomics.load(memory.control, control.stackable) !== 1 || expression === undefined) {
    if (dog.hasLinePending) dog.parts.writeBlockLine(dog, '');
    return;
  }
  if (dog.session !== undefined || dog.captures >= capturesMax || sinceMs < dog.nextCaptureMs) return;
  dog.captures += 1;
  dog.nextCaptureMs = 2 * sinceMs;
  const startNs = dog.process.hrtime.bigint();
  dog.session = dog.parts.openSession(dog);
  const session = dog.session;
  if (session === undefined) return;
  const question = { expression, silent: true, returnByValue: true, disableBreaks: true };
  session.post('Runtime.evaluate', question as inspector.Runtime.EvaluateParameterType, (error, answer) => {
    if (dog.session !== session) return;
    const value: unknown = error === null ? answer.result.value : '';
    const stack = typeof value === 'string' ? value : '';
    if (stack === '') dog.parts.captureThrown(dog, session, { startNs, beatMs });
    else dog.parts.takeIn(dog, stack, { startNs, beatMs });
  });
}

/**
 * The other way, where the program's `Error` cannot be used as it is: something is thrown, and the inspector says where from. It costs some
 * more and knows no awaiting callers, but needs nothing of the program's own.
 */
export function captureThrown(dog: Dog, session: Session, asked: Asked): void {
  const question = { expression: 'throw 0', silent: true, disableBreaks: true };
  session.post('Runtime.enable');
  session.post('Runtime.evaluate', question as inspector.Runtime.EvaluateParameterType, (error, answer) => {
    if (dog.session !== session) return;
    const frames = error === null ? (answer.exceptionDetails?.stackTrace?.callFrames ?? []) : [];
    const lines = frames.slice(1, 1 + dog.orders.framesMax).map((frame) => {
      const where = `${frame.url}:${String(frame.lineNumber + 1)}:${String(frame.columnNumber + 1)}`;
      return frame.functionName === '' ? where : `${frame.functionName} (${where})`;
    });
    dog.parts.takeIn(dog, lines.join('\n'), asked);
  });
}

/** Keeps and tells an answer. */
export function takeIn(dog: Dog, answer: string, asked: Asked): void {
  const { memory, clocks } = dog.orders;
  dog.parts.endSession(dog);
  const tookNs = dog.process.hrtime.bigint() - asked.startNs;
  // Evaluated after the block, it shows something else.
  const isOver = Number(Atomics.load(memory.clocks, clocks.beat)) / 1e6 !== asked.beatMs;
  const stack = isOver ? '' : answer;
  if (dog.hasLinePending && !isOver) dog.parts.writeBlockLine(dog, stack);
  if (stack !== '') dog.parts.keepStack(dog, stack);
  Atomics.store(memory.clocks, clocks.capture, tookNs);
  // Not from in here: the inspector waits for this function to return.
  setImmediate(() => {
    dog.parts.resume(dog);
  });
}

/** A session with the main thread, or none: not permitted, not built in, or ended meanwhile. */
export function openSession(dog: Dog): Session | undefined {
  try {
    if (dog.inspector === undefined) return undefined;
    const session = new dog.inspector.Session();
    session.connectToMainThread();
    Atomics.store(dog.orders.memory.control, dog.orders.control.asking, 1);
    return session;
  } catch {
    return undefined;
  }
}

export function endSession(dog: Dog): void {
  const { session } = dog;
  const { memory, control } = dog.orders;
  dog.session = undefined;
  if (session === undefined) return;
  session.disconnect();
  Atomics.store(memory.control, control.asking, 0);
  Atomics.notify(memory.control, control.asking);
}

/** Puts a stack into the ring; when it is full, it is dropped. */
export function keepStack(dog: Dog, stack: string): void {
  const { memory, control, stacksMax, stackBytesMax } = dog.orders;
  const written = Atomics.load(memory.control, control.written);
  if (((written - Atomics.load(memory.control, control.taken)) | 0) >= stacksMax) return;
  const slot = written & (stacksMax - 1);
  const bytes = new Uint8Array(stackBytesMax);
  // Never splits a character, as cutting bytes would.
  const length = new TextEncoder().encodeInto(stack, bytes).written;
  memory.texts.set(bytes.subarray(0, length), slot * stackBytesMax);
  memory.lengths[slot] = length;
  memory.owners[slot] = Atomics.load(memory.control, control.blocks);
  Atomics.store(memory.control, control.written, (written + 1) | 0);
}
