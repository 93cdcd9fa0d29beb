-- Begins with a topic: what was noted of another one that had its name is taken away.
--
-- ARGV: the topic's name, its id.

redis.call('SELECT', 2)
local before = redis.call('HGET', 'etl:topics', ARGV[1])
if before == ARGV[2] then
  return
end
if before then
  local start = ARGV[1] .. '/'
  for _, field in ipairs(redis.call('HKEYS', 'etl:noted')) do
    if string.sub(field, 1, #start) == start then
      redis.call('HDEL', 'etl:noted', field)
    end
  end
end
redis.call('HSET', 'etl:topics', ARGV[1], ARGV[2])
