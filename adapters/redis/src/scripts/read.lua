-- Raises a room's version to the floor, and returns it with records: one connection's, or all live ones.
-- KEYS: the room's records, leases, tombstones, versions
-- ARGV: room, floor, connection or ""
-- Returns the time, the server's identity, the version, and of each record: connection, version, revision, lapsed, bytes
local records, leases, tombstones, versions = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local room, floor, conn = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local now = clock()
local version = version_of(versions, room)
if floor > version then
  version = floor
  redis.call('ZADD', versions, text(version), room)
  if redis.call('EXISTS', records) == 0 then
    redis.call('ZADD', tombstones, text(version + 1), tombstone_member(room, ''))
  end
end
local found = {}
local function show(conn, stored)
  local record = parse(stored)
  if not record then return end
  local lapsed = false
  if record.place == 'ended' then
    if ARGV[3] == '' or is_over(tombstones, tombstone_member(room, conn), now) then return end
  else
    lapsed = is_over(leases, lease_member(room, conn, record.lease), now)
  end
  found[#found + 1] = { conn, record.version, record.revision, lapsed and '1' or '0', record.bytes }
end
if conn ~= '' then
  local stored = redis.call('HGET', records, conn)
  if stored then show(conn, stored) end
else
  local all = redis.call('HGETALL', records)
  for nth = 1, #all, 2 do show(all[nth], all[nth + 1]) end
end
return { text(now), identity(leases), text(version), found }
