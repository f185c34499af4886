-- Lets leases run longer, and tells versions. A lease that is absent or over is reported, never revived.
-- KEYS: leases, versions
-- ARGV: number of leases, then for each its member and the ms it shall run; then rooms
-- Returns the time, the server's identity, the reported leases' numbers (from 0), the rooms' versions
local leases, versions = KEYS[1], KEYS[2]
local now = clock()
local reported, told = {}, {}
local count = tonumber(ARGV[1])
for nth = 0, count - 1 do
  local member, remaining = ARGV[2 + 2 * nth], tonumber(ARGV[3 + 2 * nth])
  local deadline = tonumber(redis.call('ZSCORE', leases, member) or 0)
  if deadline <= now then
    reported[#reported + 1] = text(nth)
  elseif now + remaining > deadline then
    redis.call('ZADD', leases, text(now + remaining), member)
  end
end
for nth = 2 + 2 * count, #ARGV do
  told[#told + 1] = text(version_of(versions, ARGV[nth]))
end
return { text(now), identity(leases), reported, told }
