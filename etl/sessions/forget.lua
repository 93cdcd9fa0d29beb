-- Forgets sessions that are settled and old enough.
--
-- ARGV: prefix, forget before (ms), limit.
-- Returns how many it forgot.

redis.call('SELECT', 2)
local done = ARGV[1] .. ':done'
local keys = redis.call('ZRANGEBYSCORE', done, '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do
  redis.call('DEL', key)
  redis.call('ZREM', done, key)
end
return #keys
