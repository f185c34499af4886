-- Moves a reader forward, and forgets those who have read least.
-- KEYS: the room's readers, names
-- ARGV: user, id up to which, readers to keep, ms to keep them
-- Returns "1" if it moved, and up to where the user has read
local readers, names = KEYS[1], KEYS[2]
local user, upto, max, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
upto = math.min(upto, tonumber(redis.call('HGET', names, 'last') or '0'))
local before = tonumber(redis.call('ZSCORE', readers, user) or '0')
if upto <= before then return { '0', text(before) } end
redis.call('ZADD', readers, text(upto), user)
local more = redis.call('ZCARD', readers) - max
if more > 0 then redis.call('ZREMRANGEBYRANK', readers, 0, more - 1) end
redis.call('PEXPIRE', readers, keep)
return { '1', text(upto) }
