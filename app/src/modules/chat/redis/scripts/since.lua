-- The messages after one, the oldest first. Raises the room's last id to the floor.
-- KEYS: the room's stream, names
-- ARGV: id after which, floor, bytes of bodies at most, ms to keep a raised id
-- Returns the last id, "1" if none between is forgotten, "1" if there are more, and of each message: id, body
local stream, names = KEYS[1], KEYS[2]
local after, floor, bytes, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local last = last_of(stream, names)
if floor > last then
  last = floor
  redis.call('HSET', names, 'last', text(last))
  if redis.call('PTTL', names) < 0 then redis.call('PEXPIRE', names, keep) end
end

local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local complete = after == last
if first then
  complete = after == tonumber(first[2][4]) or (id_of(first[1]) <= after and after <= last)
end

local found, size, fits, from = { text(last), complete and '1' or '0', '0' }, 0, true, after
local messages = {}
while fits do
  local entries = redis.call('XRANGE', stream, entry_of(from + 1), '+', 'COUNT', 16)
  if #entries == 0 then break end
  fits, size = take(messages, entries, size, bytes)
  from = id_of(entries[#entries][1])
end
if not fits then found[3] = '1' end
for _, part in ipairs(messages) do found[#found + 1] = part end
return found
