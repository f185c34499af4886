-- Shared by the scripts of chat. An id is a number, 1024 to a millisecond; a stream calls it "<ms>-<place>".
-- A stream's entry: body, the id before it, the client's name for it (or nothing).

if redis.replicate_commands then redis.replicate_commands() end

local PER_MILLI = 1024

local function text(number) return string.format('%.0f', number) end

local function entry_of(id)
  local place = id % PER_MILLI
  return text((id - place) / PER_MILLI) .. '-' .. text(place)
end

local function id_of(entry)
  local millis, place = string.match(entry, '^(%d+)-(%d+)$')
  return tonumber(millis) * PER_MILLI + tonumber(place)
end

-- The id of a room's last message, or a higher one that a node has told of.
local function last_of(stream, names)
  local last = redis.call('HGET', names, 'last')
  last = last and tonumber(last)
  if last then return last end
  local entry = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return entry and id_of(entry[1]) or 0
end

-- Adds entries to a list, as many as fit `bytes`, one at least. False when there are more.
local function take(found, entries, size, bytes)
  for _, entry in ipairs(entries) do
    local body = entry[2][2]
    size = size + #body
    if size > bytes and #found > 0 then return false, size end
    found[#found + 1] = text(id_of(entry[1]))
    found[#found + 1] = body
  end
  return true, size
end
