-- Finds views that have waited long enough: due, and without their marker.
--
-- ARGV: prefix, side, due before (ms), skip, limit.
-- Returns {candidates looked at, {key, booked, start, end, original end}, ...}.

redis.call('SELECT', 2)
local keys = redis.call(
  'ZRANGEBYSCORE', ARGV[1] .. ':due:' .. ARGV[2], '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[4], ARGV[5]
)
redis.call('SELECT', 1)
local ripe = {}
for _, key in ipairs(keys) do
  if redis.call('EXISTS', key) == 0 then
    ripe[#ripe + 1] = key
  end
end
redis.call('SELECT', 2)
local found = { #keys }
for _, key in ipairs(ripe) do
  local entry = redis.call('HMGET', key, 's', 'e', 'b', 'o')
  found[#found + 1] = { key, tonumber(entry[3] or '0'), entry[1], entry[2], entry[4] }
end
return found
