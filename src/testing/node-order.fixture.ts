/**
 * A program that writes down in which order its timers fire, as text, because the real Node of a child process has to run it as well.
 *
 * Moments that are meant to differ are tens of milliseconds apart: a busy machine must not turn them round.
 */
export const ORDER_PROGRAM = `
  const orders = {};
  const log = (scene) => {
    const order = (orders[scene] = []);
    return (...words) => { order.push(words.join(' ')); };
  };

  const coerced = log('every delay that is 1 ms');
  for (const delay of [1.7, 0, -5, NaN, undefined, '1', null, 1, true]) setTimeout(coerced, delay, String(delay));

  const far = log('by moment, then as they were set');
  for (const delay of [120, 40, 80, 40, 120, 80, 40]) setTimeout(far, delay, delay, 'and its arguments');

  const between = log('promises and ticks between two timers');
  setTimeout(() => {
    between('first');
    Promise.resolve().then(() => between('promise')).then(() => between('its promise'));
    process.nextTick(between, 'tick');
    queueMicrotask(() => between('microtask'));
  }, 40);
  setTimeout(between, 40, 'second');

  const immediates = log('immediates');
  setTimeout(() => {
    setTimeout(immediates, 40, 'timer');
    setImmediate(immediates, 'a');
    setImmediate(() => { immediates('b'); setImmediate(immediates, 'set by b'); process.nextTick(immediates, 'tick of b'); });
    setImmediate(immediates, 'c');
    clearImmediate(setImmediate(immediates, 'never'));
  }, 40);
  setTimeout(immediates, 40, 'timer of the same moment');

  const intervals = log('an interval beside what its callback sets');
  let count = 0;
  const interval = setInterval(() => {
    count += 1;
    intervals('interval', count);
    setTimeout(intervals, 50, 'set by it', count);
    if (count === 3) clearInterval(interval);
  }, 50);

  const cleared = log('cleared by a timer of the same moment');
  setTimeout(() => { cleared('first'); clearTimeout(doomed); }, 40);
  const doomed = setTimeout(cleared, 40, 'never');
  setTimeout(cleared, 40, 'third');

  const refreshed = log('refresh');
  const patient = setTimeout(refreshed, 100, 'patient');
  setTimeout(() => { refreshed('refreshing'); patient.refresh(); }, 60);
  setTimeout(refreshed, 130, 'before it');
  setTimeout(refreshed, 200, 'after it');

  const promised = log('timers/promises');
  const { setTimeout: sleep, setImmediate: turn, setInterval: every } = timersPromises;
  (async () => {
    promised('slept', await sleep(40, 'value'));
    promised('turned', await turn('value'));
    let ticks = 0;
    for await (const value of every(40, 'tick')) {
      promised(value);
      ticks += 1;
      if (ticks === 3) break;
    }
    await sleep(40, 'never', { signal: AbortSignal.timeout(10) }).catch((error) => promised(error.name, error.code, error.cause.name));
  })();

  const unref = log('a timer that keeps nothing alive fires while something else does');
  setTimeout(unref, 40, 'fired', setTimeout(() => {}, 1).unref().hasRef());
`;

/** When all of it is over, in ms. */
export const ORDER_PROGRAM_MS = 500;
