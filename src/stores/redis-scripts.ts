/**
 * The Lua scripts of the Redis store and fence. A script is one atomic step, with one reading of the clock.
 *
 * Tokens stay text all the way: Lua counts in doubles and would round a large one, INCR counts in 64-bit integers. Nothing here needs
 * more than Redis 6.2 has; `PEXPIRE … GT` would need 7.0.
 */

/**
 * KEYS: the lease, the counter. ARGV: the holder, the time to live in ms.
 *
 * An attempt that comes twice (clients send again what was under way when a connection broke) finds itself: same token, full time.
 */
export const ACQUIRE = `
local held = redis.call('GET', KEYS[1])
if held then
  local token, holder = string.match(held, '^(%d+):(.*)$')
  if holder == ARGV[1] then
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return { 'granted', token }
  end
  return { 'denied', holder or '', redis.call('PTTL', KEYS[1]) }
end
redis.call('INCR', KEYS[2])
local token = redis.call('GET', KEYS[2])
redis.call('SET', KEYS[1], token .. ':' .. ARGV[1], 'PX', ARGV[2])
return { 'granted', token }
`;

/** KEYS: the lease. ARGV: token:holder, the time to live in ms. A key without expiry (PTTL -1) gets one. */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`;

/** KEYS: the lease. ARGV: the holder, the token or nothing when it was never seen. */
export const RELEASE = `
local token, holder = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(.*)$')
if holder ~= ARGV[1] or (ARGV[2] ~= '' and token ~= ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1])
return 1
`;

/** KEYS: the fence, then those of the effect. ARGV: the token, then those of the effect. */
export function fenced(effect: string): string {
  return `
local highest = redis.call('GET', KEYS[1])
if highest then
  if not string.match(highest, '^[1-9]%d*$') then return redis.error_reply('ERR the fence holds no token') end
  if #highest > #ARGV[1] or (#highest == #ARGV[1] and highest > ARGV[1]) then return { 'stale', highest } end
end
redis.call('SET', KEYS[1], ARGV[1])
local function tail(list)
  local rest = {}
  for at = 2, #list do rest[at - 1] = list[at] end
  return rest
end
local effect = function(KEYS, ARGV)
${effect}
end
return { 'admitted', effect(tail(KEYS), tail(ARGV)) }
`;
}
