-- Clamps leases, forgets what is past its deadline, and returns records whose lease is over.
-- KEYS: leases, tombstones, versions
-- ARGV: prefix of the keys of rooms' records, records to return at most, longest lease in ms, members to touch at most,
-- leases to pass over
-- Returns the time, the server's identity, and of each record: room, connection, version, revision, bytes
local leases, tombstones, versions = KEYS[1], KEYS[2], KEYS[3]
local prefix, limit, longest, touch, skip = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local now = clock()

-- A version needs no memory once the clock alone gives a higher one and no record is there.
local function drop_version(room)
  if redis.call('EXISTS', prefix .. room) == 1 then return end
  local version = tonumber(redis.call('ZSCORE', versions, room) or 0)
  if version < now then
    redis.call('ZREM', versions, room)
  else
    redis.call('ZADD', tombstones, text(version + 1), tombstone_member(room, ''))
  end
end

-- What is kept of a connection, if the room is one and that is a record.
local function find(room, conn)
  local stored = redis.pcall('HGET', prefix .. room, conn)
  return type(stored) == 'string' and parse(stored)
end

local latest = text(now + longest)
for _, member in ipairs(redis.call('ZREVRANGEBYSCORE', leases, '+inf', '(' .. latest, 'LIMIT', 0, touch)) do
  redis.call('ZADD', leases, latest, member)
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', tombstones, '-inf', text(now), 'LIMIT', 0, touch)) do
  redis.call('ZREM', tombstones, member)
  local room, conn = string.match(member, '^(.*)\n([^\n]*)$')
  local record = room and conn ~= '' and find(room, conn)
  if record and record.place == 'ended' then redis.call('HDEL', prefix .. room, conn) end
  if room then drop_version(room) end
end

local lapsed = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', text(now), 'LIMIT', skip, limit)) do
  local room, conn, lease = string.match(member, '^(.*)\n([^\n]*)\n([^\n]*)$')
  local record = room and find(room, conn)
  if record and record.place == 'live' and record.lease == lease then
    lapsed[#lapsed + 1] = { room, conn, record.version, record.revision, record.bytes }
  else
    redis.call('ZREM', leases, member)
    if room then drop_version(room) end
  end
end
return { text(now), identity(leases), lapsed }
