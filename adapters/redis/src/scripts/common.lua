-- Shared by all scripts, which know no rule and never read a record's bytes.
-- A room's record: "<version> <revision> <place> <lease>\n<bytes>", with place "live" or "ended".
-- A lease's member: "<room>\n<connection>\n<lease>"; a tombstone's: "<room>\n<connection>".
-- "<room>\n" among the tombstones stands for a version that no record keeps alive.

if redis.replicate_commands then redis.replicate_commands() end

local function text(number) return string.format('%.0f', number) end

-- Milliseconds since 1970, by this server.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Names one life of this server, if it takes writes: one that is a replica by now, or out of memory, is no witness that
-- nobody renewed a lease. It refuses this write, which changes nothing.
local function identity(leases)
  redis.call('ZADD', leases, 'XX', 0, '')
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end

-- Nothing if it is no record: what somebody else wrote there must not keep a room, or a sweep, from working.
local function parse(stored)
  local version, revision, place, lease, bytes = string.match(stored, '^(%d+) (%S+) (%S+) (%S+)\n(.*)$')
  return version and { version = version, revision = revision, place = place, lease = lease, bytes = bytes }
end

local function lease_member(room, conn, lease) return room .. '\n' .. conn .. '\n' .. lease end

local function tombstone_member(room, conn) return room .. '\n' .. conn end

-- Whether a deadline is absent or past.
local function is_over(deadlines, member, now)
  local deadline = redis.call('ZSCORE', deadlines, member)
  return not deadline or tonumber(deadline) <= now
end

local function version_of(versions, room)
  return tonumber(redis.call('ZSCORE', versions, room) or 0)
end
