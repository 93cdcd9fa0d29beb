-- Remembers where event ids were met first.
--
-- ARGV: lifetime in seconds; per sighting: key, location.
-- Returns per sighting 1 when the id was not met elsewhere, else 0.

redis.call('SELECT', 1)
local first = {}
for i = 2, #ARGV, 2 do
  local seen = redis.call('GET', ARGV[i])
  if not seen then
    redis.call('SET', ARGV[i], ARGV[i + 1], 'EX', ARGV[1])
  end
  first[#first + 1] = (not seen or seen == ARGV[i + 1]) and 1 or 0
end
return first
