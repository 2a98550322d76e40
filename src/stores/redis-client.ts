/**
 * Redis clients by their shape: `redis` (node-redis), `ioredis`, their Valkey forks, or one function for all others.
 *
 * Scripts go by EVAL, not by EVALSHA: they are a few hundred bytes, and a server that was restarted has forgotten every digest, at
 * the very moment when a second try costs most.
 */
import { ClockError, describeValue } from '../core/index.ts';
import { unlessAborted } from '../lease/index.ts';

/** One script to run, in one step of the server. */
export interface RedisScriptCall {
  readonly script: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Any other client: a function that sends EVAL and resolves to the reply. */
export type RedisScriptRunner = (call: RedisScriptCall) => Promise<unknown>;

/** What is used of a node-redis client, pool, sentinel or cluster (`redis` 4 and later). */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Since `redis` 5: a command that still waits in the client's queue is taken out again. */
  withAbortSignal?(signal: AbortSignal): Pick<NodeRedisClient, 'eval'>;
}

/** What is used of an ioredis or iovalkey client or cluster. */
export interface IoRedisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Not called: it tells the two kinds of client apart. */
  defineCommand(name: string, definition: { lua: string }): void;
}

/** A client that the Redis store and fence can use. It stays yours: connect it before, close it after. */
export type RedisClient = NodeRedisClient | IoRedisClient | RedisScriptRunner;

/**
 * Makes one way to run scripts out of any client.
 *
 * @throws TC_INVALID_ARGUMENT for what is neither a client nor a function.
 */
export function scriptRunner(operation: string, client: RedisClient): RedisScriptRunner {
  const run = runnerOf(client);
  if (run === undefined) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation} client: requires a client of redis or ioredis, or a function that runs a script, got ` +
        `${describeValue(client)}. Pass the connected client itself.`,
    );
  }
  return async (call) => {
    // A client that queues while it is offline would send it when nobody wants it any more.
    call.signal.throwIfAborted();
    return await unlessAborted(run(call), call.signal);
  };
}

function runnerOf(client: unknown): RedisScriptRunner | undefined {
  if (isIoRedis(client)) {
    return ({ script, keys, args }) => client.eval(script, keys.length, ...keys, ...args);
  }
  if (isNodeRedis(client)) {
    return ({ script, keys, args, signal }) =>
      (client.withAbortSignal?.(signal) ?? client).eval(script, { keys: [...keys], arguments: [...args] });
  }
  return typeof client === 'function' ? (client as RedisScriptRunner) : undefined;
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return hasMethod(client, 'eval');
}

function isIoRedis(client: unknown): client is IoRedisClient {
  return hasMethod(client, 'eval') && hasMethod(client, 'defineCommand');
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}

/** The parts of an array reply as text; clients that give buffers are understood, too. */
export function replyTexts(operation: string, reply: unknown): readonly string[] {
  if (Array.isArray(reply)) return reply.map(String);
  throw new Error(`${operation}: requires an array as the reply of the script, got ${describeValue(reply)}`);
}
