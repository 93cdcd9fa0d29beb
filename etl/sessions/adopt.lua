-- Lets the partitions begin at these offsets, where they are not further already.
--
-- ARGV: per partition: field, start.

redis.call('SELECT', 2)
for i = 1, #ARGV, 2 do
  local reached = tonumber(redis.call('HGET', 'etl:applied', ARGV[i]) or '')
  if not reached or reached < tonumber(ARGV[i + 1]) then
    redis.call('HSET', 'etl:applied', ARGV[i], ARGV[i + 1])
  end
  redis.call('HDEL', 'etl:reached', ARGV[i])
end
