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
  local kept = redis.call('HMGET', key, 'seen', 'repeated', 'lost', 'highest', 'settled')
  local lost, cut_off = tonumber(kept[3] or '0'), 0
  local settled = tonumber(kept[5] or kept[4] or '0')
  for _, member in ipairs(redis.call('ZRANGE', 'etl:holes:' .. name, 0, -1)) do
    local first, last, _, skipped = string.match(member, '(%d+)%-(%d+)@(%d+)(v?)')
    if skipped ~= 'v' then
      local size = tonumber(last) - tonumber(first) + 1
      local promised = math.max(0, math.min(tonumber(last), settled) - tonumber(first) + 1)
      lost, cut_off = lost + promised, cut_off + size - promised
    end
  end
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_seen', kept[1] or '0')
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_repeated', kept[2] or '0')
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_lost', string.format('%.0f', lost))
  redis.call('HINCRBY', 'etl:numbers', 'forgotten_cut_off', string.format('%.0f', cut_off))
  redis.call('DEL', key, 'etl:holes:' .. name)
  redis.call('ZREM', 'etl:producers', name)
end
return #names
