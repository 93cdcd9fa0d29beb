-- Adds starts and ends to their sessions, and notes how far the partitions are applied.
--
-- ARGV: number of spans; per span: field, start, stop;
--       per event: prefix, key, side ("s" or "e"), location, payload, original, expires ms, forget ms,
--       "1" when it was settled before.
-- Returns per event {result, settled, start, end}; the payloads only where a row may follow.
--
-- Nothing is written before all spans are checked, and what is written may be written again.
--
-- "p" marks a state whose end is only presumed to have been settled: when its time was over before
-- the store was lost, it was settled, unless another end of the session had come first.  Should such
-- another come too, one end waits again, so that none is lost in silence.

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

-- Lets an event wait to be settled; the original goes with an end that is alone.
local function wait(prefix, key, side, due, original)
  redis.call('ZREM', prefix .. ':done', key)
  redis.call('ZADD', prefix .. ':due:' .. side, due, key)
  if original then
    redis.call('HSET', key, 'o', original)
  end
  markers[#markers + 1] = { key, side, due }
  taken[prefix] = (taken[prefix] or 0) + 1
end

for i = after_spans, #ARGV, 9 do
  local prefix, key, side, location = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local payload, original, due = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local forget, settled_before = ARGV[i + 7], ARGV[i + 8] == '1'
  local state = redis.call('HMGET', key, 's', 'e', 'b', 'f', 'p')
  local known = { s = state[1], e = state[2] }
  local settled = tonumber(state[3] or '0')
  local result
  local mine = location .. ' '
  if known[side] and known[side]:sub(1, #mine) == mine then
    result = REPLAYED
  elseif known[side] and state[5] and side == 'e' and not known.s and not settled_before then
    result = TAKEN
    redis.call('HDEL', key, 'p')
    wait(prefix, key, side, due, original)
  elseif known[side] then
    result = DUPLICATE
  else
    result = TAKEN
    local alone = not (known.s or known.e)
    known[side] = mine .. payload
    redis.call('HSET', key, side, known[side])
    if tonumber(forget) > tonumber(state[4] or '0') then
      redis.call('HSET', key, 'f', forget)
    end
    if settled_before then
      settled = math.max(settled, 1)
      redis.call('HSET', key, 'b', settled, 'p', '1')
      if alone then
        redis.call('ZADD', prefix .. ':done', forget, key)
      end
    else
      wait(prefix, key, side, due, side == 'e' and alone and original)
    end
  end
  local tell = (known.s and known.e) or result == REPLAYED
  outcomes[#outcomes + 1] = { result, settled, tell and known.s, tell and known.e }
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
