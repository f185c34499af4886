-- Shuts a user out, forgets who was long ago, and tells the nodes.
-- KEYS: users by the time up to which their proofs are void, the nodes' channel
-- ARGV: user, time in ms, oldest time to keep, users to keep, ms to keep them, publish command, message
local set, channel = KEYS[1], KEYS[2]
local user, till, oldest, max, keep, publish, message = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]
if tonumber(redis.call('ZSCORE', set, user) or '0') < tonumber(till) then redis.call('ZADD', set, till, user) end
redis.call('ZREMRANGEBYSCORE', set, '-inf', '(' .. oldest)
local more = redis.call('ZCARD', set) - max
if more > 0 then redis.call('ZREMRANGEBYRANK', set, 0, more - 1) end
redis.call('PEXPIRE', set, keep)
redis.call(publish, channel, message)
