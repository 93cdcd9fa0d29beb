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
-- A marker is left by an event that is alone, and no original stays beside a pair.
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

local keys = {}
for i, event in ipairs(events) do
  keys[i] = event[2]
end
local all_new = #keys > 0 and redis.call('EXISTS', unpack(keys)) == 0
local results, levels, sizes, texts = {}, {}, {}, {}
local markers, indexes, met, place = {}, {}, {}, 1

local function append(list, first, second)
  list[#list + 1] = first
  list[#list + 1] = second
end

-- What changes in a pairing's indexes; done[key] is when to forget it, false when not any more.
local function index_of(prefix)
  indexes[prefix] = indexes[prefix] or { taken = 0, s = {}, e = {}, done = {} }
  return indexes[prefix]
end

for i, event in ipairs(events) do
  local key, side, mine, due = event[2], event[3], event[4] .. ' ', event[6]
  local forget, settled_before, original_size = event[7], event[8], event[9]
  local index = index_of(event[1])
  local state = all_new and not met[key] and {} or redis.call('HMGET', key, 's', 'e', 'b', 'f', 'p')
  met[key] = true
  local start, ending = state[1], state[2]
  local settled = tonumber(state[3] or '0')
  local other = start or ending
  local known = side == 's' and start or side == 'e' and ending
  local result, waits, fields = TAKEN, false, nil
  if known and known:sub(1, #mine) == mine then
    result = REPLAYED
  elseif known and state[5] and side == 'e' and not start and not settled_before then
    redis.call('HDEL', key, 'p')
    waits, fields = true, { 'o', originals:sub(place, place + original_size - 1) }
  elseif known then
    result = DUPLICATE
  else
    known = mine .. event[5]
    fields = { side, known }
    if forget > tonumber(state[4] or '0') then
      append(fields, 'f', forget)
    end
    if settled_before then
      settled = math.max(settled, 1)
      append(fields, 'b', settled)
      append(fields, 'p', '1')
      if not other then
        index.done[key] = forget
      end
    else
      waits = true
      if side == 'e' and not other then
        append(fields, 'o', originals:sub(place, place + original_size - 1))
      end
    end
    if side == 's' then
      start = known
      if ending then
        redis.call('HDEL', key, 'o')
      end
    else
      ending = known
    end
  end
  if waits then
    index.taken = index.taken + 1
    append(index[side], due, key)
    if other then
      index.done[key] = false
    end
    if not (start and ending) then
      append(markers, key, i)
    end
  end
  if fields then
    redis.call('HSET', key, unpack(fields))
  end
  place = place + original_size
  results[i], levels[i] = result, settled
  if start and ending or result == REPLAYED then
    append(sizes, start and #start or -1, ending and #ending or -1)
    texts[#texts + 1] = start or ''
    texts[#texts + 1] = ending or ''
  else
    append(sizes, -1, -1)
  end
end

for prefix, index in pairs(indexes) do
  local forgotten, kept = {}, {}
  for key, forget in pairs(index.done) do
    if forget then
      append(forgotten, forget, key)
    else
      kept[#kept + 1] = key
    end
  end
  if #index.s > 0 then
    redis.call('ZADD', prefix .. ':due:s', unpack(index.s))
  end
  if #index.e > 0 then
    redis.call('ZADD', prefix .. ':due:e', unpack(index.e))
  end
  if #forgotten > 0 then
    redis.call('ZADD', prefix .. ':done', unpack(forgotten))
  end
  if #kept > 0 then
    redis.call('ZREM', prefix .. ':done', unpack(kept))
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
for i = 1, #markers, 2 do
  local event = events[markers[i + 1]]
  -- One in the past is the same as none.
  if event[6] > 0 then
    redis.call('SET', markers[i], event[3], 'PXAT', event[6])
  end
end
return {
  table.concat(results),
  table.concat(levels),
  '[' .. table.concat(sizes, ',') .. ']',
  table.concat(texts),
}
