/**
 * The stack of the main thread, read by an expression that the main thread evaluates on top of whatever it is executing.
 *
 * The limit of frames and the formatter are replaced for the moment and put back as they were, accessors included: a program's own
 * `Error.prepareStackTrace` (source maps, a logger) must not run inside of a blocked function, and must find nothing changed.
 */

/** Frames of a stack; a recursion that is deeper shows its innermost. */
export const FRAMES_MAX = 48;

/** Runs on the main thread. Only its text is used: it may use nothing but the language and its argument. */
function mainStack(framesMax: number): string {
  // Replaced, it may run anything when it is made, and does not hold the limit.
  if (Object.getPrototypeOf(TypeError) !== Error) return '';
  const kept = ['stackTraceLimit', 'prepareStackTrace'].map(
    (name) => [name, Object.getOwnPropertyDescriptor(Error, name)] as const,
  );
  const meanwhile: PropertyDescriptorMap = {
    stackTraceLimit: { value: framesMax + 2, configurable: true, writable: true },
    // The first two frames are this function and the expression that calls it.
    prepareStackTrace: {
      // A method, since bundlers that keep names wrap other functions in a helper, which the evaluated text would not have.
      value(_error: unknown, frames: readonly unknown[]) {
        return frames.slice(2).join('\n');
      },
      configurable: true,
      writable: true,
    },
  };
  try {
    Object.defineProperties(Error, meanwhile);
    return String(new Error().stack);
  } catch {
    // Frozen, or sealed: never the program's own formatter.
    return '';
  } finally {
    for (const [name, descriptor] of kept) {
      try {
        if (descriptor === undefined) Reflect.deleteProperty(Error, name);
        else Object.defineProperty(Error, name, descriptor);
      } catch {
        // What could not be replaced need not be put back.
      }
    }
  }
}

/**
 * What the main thread evaluates: frames, one a line, innermost first; empty when it executes nothing, and where the program's `Error` cannot
 * be used as it is.
 */
export function stackExpression(): string {
  return `(${mainStack.toString()})(${String(FRAMES_MAX)})`;
}
