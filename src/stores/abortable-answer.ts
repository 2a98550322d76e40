/**
 * An answer that somebody may stop waiting for: clients of databases cannot always be told to give up, so the promise is.
 */

/** Settles as the answer does, or rejects with the signal's reason; what the answer says after that is not heard. */
export function abortable<Value>(signal: AbortSignal, answer: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
