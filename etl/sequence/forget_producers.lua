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
  local kept = redis.call('HMGET', key, 'seen', 'repeated', 'lost')
  local lost = tonumber(kept[3] or '0')
  for _, member in ipairs(redis.call('ZRANGE', 'etl:holes:' .. name, 0, -1)) do
    local first, last, _, skipped = string.match(member, '(%d+)%-(%d+)@(%d+)(v?)')
    lost = lost + (skipped == 'v' and 0 or tonumber(last) - tonumber(first) + 1)
  end
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_seen', kept[1] or '0')
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_repeated', kept[2] or '0')
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_lost', string.format('%.0f', lost))
  redis.call('DEL', key, 'etl:holes:' .. name)
  redis.call('ZREM', 'etl:producers', name)
end
return #names
