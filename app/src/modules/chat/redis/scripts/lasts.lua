-- The last ids of rooms.
-- KEYS: the rooms' names
-- Returns the ids, "0" where nothing was said
local lasts = {}
for nth, names in ipairs(KEYS) do
  lasts[nth] = redis.call('HGET', names, 'last') or '0'
end
return lasts
