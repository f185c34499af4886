-- How far users have read, those who read furthest last.
-- KEYS: the room's readers
-- Returns of each reader: user, id
local found = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for nth = 2, #found, 2 do found[nth] = text(tonumber(found[nth])) end
return found
