-- Adds starts and ends to their views, and notes how far the partitions are applied.
--
-- ARGV: number of spans; per span: field, start, stop;
--       per half: prefix, key, side ("s" or "e"), location, payload, original, due ms, forget ms,
--       "1" when it was booked before.
-- Returns per half {fate, booked, start, end}; the payloads only where a row may follow.
--
-- Nothing is written before all spans are checked, and what is written may be written again.

local DUPLICATE, TAKEN, REPLAYED = 0, 1, 2
local spans = tonumber(ARGV[1])
local after_spans = 2 + 3 * spans

redis.call('SELECT', 2)
for i = 0, spans - 1 do
  local reached = tonumber(redis.call('HGET', 'etl:applied', ARGV[2 + 3 * i]) or '')
  if not reached or reached < tonumber(ARGV[3 + 3 * i]) then
    return redis.error_reply('STATELOST partition ' .. ARGV[2 + 3 * i])
  end
end

local outcomes, markers, taken = {}, {}, {}
for i = after_spans, #ARGV, 9 do
  local prefix, key, side, location = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local payload, original, due = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local forget, booked_before = ARGV[i + 7], ARGV[i + 8] == '1'
  local entry = redis.call('HMGET', key, 's', 'e', 'b', 'f')
  local known = { s = entry[1], e = entry[2] }
  local booked = tonumber(entry[3] or '0')
  local fate
  if known[side] then
    local mine = location .. ' '
    fate = known[side]:sub(1, #mine) == mine and REPLAYED or DUPLICATE
  else
    fate = TAKEN
    local alone = not (known.s or known.e)
    known[side] = location .. ' ' .. payload
    redis.call('HSET', key, side, known[side])
    if tonumber(forget) > tonumber(entry[4] or '0') then
      redis.call('HSET', key, 'f', forget)
    end
    if booked_before then
      booked = math.max(booked, 1)
      redis.call('HSET', key, 'b', booked)
      if alone then
        redis.call('ZADD', prefix .. ':done', forget, key)
      end
    else
      redis.call('ZREM', prefix .. ':done', key)
      redis.call('ZADD', prefix .. ':due:' .. side, due, key)
      if side == 'e' and alone then
        redis.call('HSET', key, 'o', original)
      end
      markers[#markers + 1] = { key, side, due }
      taken[prefix] = (taken[prefix] or 0) + 1
    end
  end
  local tell = (known.s and known.e) or fate == REPLAYED
  outcomes[#outcomes + 1] = { fate, booked, tell and known.s, tell and known.e }
end

for prefix, number in pairs(taken) do
  redis.call('HINCRBY', prefix .. ':books', 'taken', number)
end
for i = 0, spans - 1 do
  local reached = tonumber(redis.call('HGET', 'etl:applied', ARGV[2 + 3 * i]))
  if reached < tonumber(ARGV[4 + 3 * i]) then
    redis.call('HSET', 'etl:applied', ARGV[2 + 3 * i], ARGV[4 + 3 * i])
  end
end

redis.call('SELECT', 1)
for _, marker in ipairs(markers) do
  redis.call('SET', marker[1], marker[2])
  redis.call('PEXPIREAT', marker[1], marker[3])
end
return outcomes
