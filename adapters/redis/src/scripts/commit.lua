-- Compares the revision, replaces the record, moves its deadline and publishes the event.
-- KEYS: the room's records, leases, tombstones, versions, the room's channel
-- ARGV: room, connection, expected revision or "", revision, place, lease, bytes, ms to keep, event or "", floor,
--       publish command
-- Returns "applied", version; or "conflict", and what was found: version, revision, lapsed, bytes
local records, leases, tombstones, versions, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local room, conn, expected, revision, place, lease, bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local keep, event, floor, publish = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10]), ARGV[11]

local now = clock()
local stored = redis.call('HGET', records, conn)
local current = stored and parse(stored) or nil
local lapsed = false
if current and current.place == 'ended' then
  if is_over(tombstones, tombstone_member(room, conn), now) then current = nil end
elseif current then
  lapsed = is_over(leases, lease_member(room, conn, current.lease), now)
end

if current and current.revision == revision then return { 'applied', current.version } end
if (current and current.revision or '') ~= expected then
  if not current then return { 'conflict' } end
  return { 'conflict', current.version, current.revision, lapsed and '1' or '0', current.bytes }
end

local version, prev = current and current.version or '0', nil
if event ~= '' then
  prev = version_of(versions, room)
  version = text(math.max(now, prev + 1, floor + 1))
  redis.call('ZADD', versions, version, room)
end
local old = stored and parse(stored)
if old then
  redis.call('ZREM', leases, lease_member(room, conn, old.lease))
  redis.call('ZREM', tombstones, tombstone_member(room, conn))
end
redis.call('HSET', records, conn, version .. ' ' .. revision .. ' ' .. place .. ' ' .. lease .. '\n' .. bytes)
if place == 'ended' then
  redis.call('ZADD', tombstones, text(now + keep), tombstone_member(room, conn))
else
  redis.call('ZADD', leases, text(now + keep), lease_member(room, conn, lease))
end
if event ~= '' then redis.call(publish, channel, version .. ' ' .. text(prev) .. ' ' .. event) end
return { 'applied', version }
