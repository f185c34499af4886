-- Shuts users out, forgets who was long ago, and tells the nodes if that is news.
-- KEYS: users by the time up to which their proofs are void, the nodes' channel
-- ARGV: oldest time to keep, users to keep, ms to keep them, publish command, message, (user, time in ms)…
local set, channel = KEYS[1], KEYS[2]
local oldest, max, keep, publish, message = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local is_news = false
for at = 6, #ARGV, 2 do
  local user, till = ARGV[at], ARGV[at + 1]
  -- Whoever knows less never makes it weaker.
  if tonumber(redis.call('ZSCORE', set, user) or '0') < tonumber(till) then
    redis.call('ZADD', set, till, user)
    is_news = true
  end
end
redis.call('ZREMRANGEBYSCORE', set, '-inf', '(' .. oldest)
local more = redis.call('ZCARD', set) - max
if more > 0 then redis.call('ZREMRANGEBYRANK', set, 0, more - 1) end
redis.call('PEXPIRE', set, keep)
if is_news then redis.call(publish, channel, message) end
