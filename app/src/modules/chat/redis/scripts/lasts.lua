-- The last ids of rooms.
-- KEYS: the rooms' names
-- Returns the ids, "0" where nothing was said, or what stands there is none: it must not keep other rooms from being looked at
local lasts = {}
for nth, names in ipairs(KEYS) do
  local last = redis.pcall('HGET', names, 'last')
  lasts[nth] = text(type(last) == 'string' and tonumber(last) or 0)
end
return lasts
