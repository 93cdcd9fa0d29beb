-- Notes up to which time the partitions are applied.
--
-- ARGV: time (ms); per partition: field, offset that has to be applied.

redis.call('SELECT', 2)
for i = 2, #ARGV, 2 do
  local applied = tonumber(redis.call('HGET', 'etl:applied', ARGV[i]) or '')
  if not applied or applied < tonumber(ARGV[i + 1]) then
    return redis.error_reply('STATELOST partition ' .. ARGV[i])
  end
end
for i = 2, #ARGV, 2 do
  redis.call('HSET', 'etl:reached', ARGV[i], ARGV[1])
end
