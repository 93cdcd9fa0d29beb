-- Adds whole pairs of sessions that are not known yet.
--
-- ARGV: number of partitions; per partition: field, offset that has to be applied;
--       prefix; a JSON list of pairs: [key, start, end, start expires ms, end expires ms, forget ms],
--       start and end as a state has them.
-- Returns per pair 1 when it was added, 0 when its session is known: one digit for each.
--
-- A pair leaves no marker: nothing has to wait for it.

local partitions = tonumber(ARGV[1])
local prefix, list = ARGV[2 + 2 * partitions], cjson.decode(ARGV[3 + 2 * partitions])

redis.call('SELECT', 2)
for i = 2, 2 * partitions, 2 do
  local reached = tonumber(redis.call('HGET', 'etl:applied', ARGV[i]) or '')
  if not reached or reached < tonumber(ARGV[i + 1]) then
    return redis.error_reply('STATELOST partition ' .. ARGV[i])
  end
end

local keys, added, starts, ends = {}, {}, {}, {}
for i, pair in ipairs(list) do
  keys[i] = pair[1]
end
local all_new = redis.call('EXISTS', unpack(keys)) == 0
for i, pair in ipairs(list) do
  local key = keys[i]
  if all_new or redis.call('EXISTS', key) == 0 then
    redis.call('HSET', key, 's', pair[2], 'e', pair[3], 'f', pair[6])
    starts[#starts + 1] = pair[4]
    starts[#starts + 1] = key
    ends[#ends + 1] = pair[5]
    ends[#ends + 1] = key
    added[i] = 1
  else
    added[i] = 0
  end
end
if #starts > 0 then
  redis.call('ZADD', prefix .. ':due:s', unpack(starts))
  redis.call('ZADD', prefix .. ':due:e', unpack(ends))
  redis.call('HINCRBY', prefix .. ':books', 'taken', #starts)
end
return table.concat(added)
