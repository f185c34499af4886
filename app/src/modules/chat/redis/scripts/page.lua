-- The latest messages, the latest first.
-- KEYS: the room's stream
-- ARGV: id before which, or "+"; how many at most; bytes of bodies at most
-- Returns of each message: id, body
local stream, before, limit, bytes = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local found, size, fits = {}, 0, true
if before ~= '+' then
  if tonumber(before) == 0 then return {} end
  before = entry_of(tonumber(before) - 1)
end
while fits and limit > 0 do
  local entries = redis.call('XREVRANGE', stream, before, '-', 'COUNT', math.min(limit, 16))
  if #entries == 0 then break end
  fits, size = take(found, entries, size, bytes)
  limit = limit - #entries
  local lowest = id_of(entries[#entries][1])
  if lowest == 0 then break end
  before = entry_of(lowest - 1)
end
return found
