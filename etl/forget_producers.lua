-- Forgets producers that were last met before a time; their figures stay in the totals.
--
-- ARGV: forget before (ms), limit.
-- Returns how many it forgot.

redis.call('SELECT', 2)
local names = redis.call(
  'ZRANGEBYSCORE', 'etl:producers', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2]
)
for _, name in ipairs(names) do
  local key = 'etl:producer:' .. name
  local kept = redis.call('HMGET', key, 'seen', 'repeated', 'lost', 'holes')
  local lost = tonumber(kept[3] or '0')
  for first, last, _, void in string.gmatch(kept[4] or '', '(%d+)%-(%d+)@(%d+)(v?)') do
    lost = lost + (void == 'v' and 0 or tonumber(last) - tonumber(first) + 1)
  end
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_seen', kept[1] or '0')
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_repeated', kept[2] or '0')
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_lost', string.format('%.0f', lost))
  redis.call('DEL', key)
  redis.call('ZREM', 'etl:producers', name)
end
return #names
