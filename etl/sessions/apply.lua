-- Adds starts and ends to their sessions, and notes how far the partitions are applied.
--
-- ARGV: number of spans; per span: field, start, stop;
--       a JSON list of events: [prefix, key, side ("s" or "e"), location, payload, expires ms,
--       forget ms, whether it was settled before, size of its original];
--       the originals, all in one text, since servers take long over many values.
-- Returns {results, settled, sizes, texts}: of the first two one digit per event; the texts are the
-- start and the end of each event of which a row may follow, and the sizes a JSON list of how long
-- they are, two for each event, -1 for what is not told.
--
-- Nothing is written before all spans are checked, and what is written may be written again.
--
-- "p" marks a state whose end is only presumed to have been settled: when its time was over before
-- the store was lost, it was settled, unless another end of the session had come first.  Should such
-- another come too, one end waits again, so that none is lost in silence.

local DUPLICATE, TAKEN, REPLAYED = 0, 1, 2
local spans = tonumber(ARGV[1])
local events, originals = cjson.decode(ARGV[2 + 3 * spans]), ARGV[3 + 3 * spans]

redis.call('SELECT', 2)
for i = 0, spans - 1 do
  local reached = tonumber(redis.call('HGET', 'etl:applied', ARGV[2 + 3 * i]) or '')
  if not reached or reached < tonumber(ARGV[3 + 3 * i]) then
    return redis.error_reply('STATELOST partition ' .. ARGV[2 + 3 * i])
  end
end

-- Numbers as Redis takes them: Lua's own way is exact for 14 digits only.
local function int(number)
  return string.format('%.0f', number)
end

local results, levels, sizes, texts = {}, {}, {}, {}
local markers, indexes, place = {}, {}, 1

-- What changes in a pairing's indexes; done[key] is when to forget it, false when not any more.
local function index_of(prefix)
  indexes[prefix] = indexes[prefix] or { taken = 0, s = {}, e = {}, done = {} }
  return indexes[prefix]
end

for i, event in ipairs(events) do
  local key, side, due = event[2], event[3], int(event[6])
  local forget, settled_before, original_size = event[7], event[8], event[9]
  local index = index_of(event[1])
  local state = redis.call('HMGET', key, 's', 'e', 'b', 'f', 'p')
  local known = { s = state[1], e = state[2] }
  local settled = tonumber(state[3] or '0')
  local alone = not (known.s or known.e)
  local mine = event[4] .. ' '
  local result, waits, fields = TAKEN, false, {}
  if known[side] and known[side]:sub(1, #mine) == mine then
    result = REPLAYED
  elseif known[side] and state[5] and side == 'e' and not known.s and not settled_before then
    redis.call('HDEL', key, 'p')
    waits, alone = true, true
  elseif known[side] then
    result = DUPLICATE
  else
    known[side] = mine .. event[5]
    fields = { side, known[side] }
    if forget > tonumber(state[4] or '0') then
      fields[#fields + 1] = 'f'
      fields[#fields + 1] = int(forget)
    end
    if settled_before then
      settled = math.max(settled, 1)
      for _, field in ipairs({ 'b', settled, 'p', '1' }) do
        fields[#fields + 1] = field
      end
      if alone then
        index.done[key] = int(forget)
      end
    else
      waits = true
    end
  end
  if waits then
    index.taken = index.taken + 1
    local waiting = index[side]
    waiting[#waiting + 1] = due
    waiting[#waiting + 1] = key
    if state[1] or state[2] then
      index.done[key] = false
    end
    if side == 'e' and alone then
      fields[#fields + 1] = 'o'
      fields[#fields + 1] = originals:sub(place, place + original_size - 1)
    end
    markers[#markers + 1] = { key, side, due }
  end
  if #fields > 0 then
    redis.call('HSET', key, unpack(fields))
  end
  place = place + original_size
  results[i], levels[i] = result, settled
  local tell = (known.s and known.e) or result == REPLAYED
  for _, half in ipairs({ 's', 'e' }) do
    local text = tell and known[half]
    sizes[#sizes + 1] = text and #text or -1
    texts[#texts + 1] = text or nil
  end
end

for prefix, index in pairs(indexes) do
  for _, side in ipairs({ 's', 'e' }) do
    if #index[side] > 0 then
      redis.call('ZADD', prefix .. ':due:' .. side, unpack(index[side]))
    end
  end
  for key, forget in pairs(index.done) do
    if forget then
      redis.call('ZADD', prefix .. ':done', forget, key)
    else
      redis.call('ZREM', prefix .. ':done', key)
    end
  end
  if index.taken > 0 then
    redis.call('HINCRBY', prefix .. ':books', 'taken', index.taken)
  end
end
for i = 0, spans - 1 do
  local reached = tonumber(redis.call('HGET', 'etl:applied', ARGV[2 + 3 * i]))
  if reached < tonumber(ARGV[4 + 3 * i]) then
    redis.call('HSET', 'etl:applied', ARGV[2 + 3 * i], ARGV[4 + 3 * i])
  end
end

redis.call('SELECT', 1)
for _, marker in ipairs(markers) do
  -- One in the past is the same as none.
  if tonumber(marker[3]) > 0 then
    redis.call('SET', marker[1], marker[2], 'PXAT', marker[3])
  end
end
return {
  table.concat(results),
  table.concat(levels),
  '[' .. table.concat(sizes, ',') .. ']',
  table.concat(texts),
}
