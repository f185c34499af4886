-- Stores a message, publishes it, and forgets what is more than the history.
-- KEYS: the room's stream, names, channel
-- ARGV: name or "", body, floor, messages to keep, ms to keep them, publish command
-- Returns the id, and "1" if it was stored now
local stream, names, channel = KEYS[1], KEYS[2], KEYS[3]
local name, body, floor, max, keep, publish = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]

if name ~= '' then
  local known = redis.call('HGET', names, name)
  if known then return { known, '0' } end
end

local time = redis.call('TIME')
local now = (tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)) * PER_MILLI
local prev = last_of(stream, names)
local id = math.max(now, prev + 1, floor + 1)

redis.call('XADD', stream, entry_of(id), 'b', body, 'p', text(prev), 'n', name)
redis.call('HSET', names, 'last', text(id))
if name ~= '' then redis.call('HSET', names, name, text(id)) end

local more = redis.call('XLEN', stream) - max
while more > 0 do
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', math.min(more, 100))
  for _, entry in ipairs(oldest) do
    local old = entry[2][6]
    if old and old ~= '' then redis.call('HDEL', names, old) end
    redis.call('XDEL', stream, entry[1])
  end
  more = more - #oldest
end

redis.call('PEXPIRE', stream, keep)
redis.call('PEXPIRE', names, keep)
redis.call(publish, channel, 'm' .. text(prev) .. ' ' .. text(id) .. ' ' .. body)
return { text(id), '1' }
