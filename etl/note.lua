-- Notes producers' numbers. The same as etl/numbers.py, which says what holes are.
--
-- ARGV: most holes of one producer; number of spans; per span: field, start, stop, time of its
--       first message (ms; 0 when it has none); per message: field, offset, time (ms), producer
--       ("" without a stamp), number, number of void ranges; per range: first, last.
--
-- A hole is kept as "first-last@since", with a "v" behind it when it is void.

redis.call('SELECT', 2)
local most = tonumber(ARGV[1])
local spans = tonumber(ARGV[2])
local noted, known, order = {}, {}, {}
local since = tonumber(redis.call('HGET', 'etl:numbers', 'since_ms') or '0')
local unstamped = 0

local function digits(number)
  return string.format('%.0f', number)
end

local function recall(name)
  if known[name] then
    return known[name]
  end
  local kept = redis.call(
    'HMGET', 'etl:producer:' .. name, 'highest', 'seen', 'repeated', 'lost', 'first', 'last', 'holes'
  )
  local state = { holes = {} }
  for i, field in ipairs({ 'highest', 'seen', 'repeated', 'lost', 'first', 'last' }) do
    state[field] = tonumber(kept[i] or '0')
  end
  for first, last, at, void in string.gmatch(kept[7] or '', '(%d+)%-(%d+)@(%d+)(v?)') do
    state.holes[#state.holes + 1] = { tonumber(first), tonumber(last), tonumber(at), void == 'v' }
  end
  known[name] = state
  order[#order + 1] = name
  return state
end

-- The holes without the numbers from first to last of the hole at index; those, void, if asked.
local function cut(state, index, first, last, void)
  local hole = table.remove(state.holes, index)
  local at = index
  if hole[1] < first then
    table.insert(state.holes, at, { hole[1], first - 1, hole[3], hole[4] })
    at = at + 1
  end
  if void then
    table.insert(state.holes, at, { first, last, hole[3], true })
    at = at + 1
  end
  if last < hole[2] then
    table.insert(state.holes, at, { last + 1, hole[2], hole[3], hole[4] })
  end
end

local function see(state, number, at)
  if number > state.highest then
    if number > state.highest + 1 then
      state.holes[#state.holes + 1] = { state.highest + 1, number - 1, at, false }
    end
    state.highest = number
    state.seen = state.seen + 1
    return
  end
  for index, hole in ipairs(state.holes) do
    if hole[1] <= number and number <= hole[2] then
      cut(state, index, number, number, false)
      state.seen = state.seen + 1
      return
    end
  end
  state.repeated = state.repeated + 1
end

local function declare_void(state, first, last, at)
  if last > state.highest then
    state.holes[#state.holes + 1] = { state.highest + 1, last, at, false }
    state.highest = last
  end
  for index = #state.holes, 1, -1 do
    local hole = state.holes[index]
    local low, high = math.max(first, hole[1]), math.min(last, hole[2])
    if low <= high and not hole[4] then
      cut(state, index, low, high, true)
    end
  end
end

for i = 3, 2 + 4 * spans, 4 do
  local field = ARGV[i]
  noted[field] = tonumber(redis.call('HGET', 'etl:noted', field) or '0')
  if tonumber(ARGV[i + 1]) > noted[field] then
    since = math.max(since, tonumber(ARGV[i + 3]))
  end
end

local i = 3 + 4 * spans
while i <= #ARGV do
  local field, offset, at, name = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), ARGV[i + 3]
  local number, voids = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  i = i + 6
  if offset >= noted[field] then
    if name == '' then
      unstamped = unstamped + 1
    else
      local state = recall(name)
      state.first = state.first == 0 and at or math.min(state.first, at)
      state.last = math.max(state.last, at)
      see(state, number, at)
      for range = 0, voids - 1 do
        declare_void(state, tonumber(ARGV[i + 2 * range]), tonumber(ARGV[i + 2 * range + 1]), at)
      end
      while #state.holes > most do
        local hole = table.remove(state.holes, 1)
        state.lost = state.lost + (hole[4] and 0 or hole[2] - hole[1] + 1)
      end
    end
  end
  i = i + 2 * voids
end

for _, name in ipairs(order) do
  local state, texts = known[name], {}
  for index, hole in ipairs(state.holes) do
    texts[index] = digits(hole[1]) .. '-' .. digits(hole[2]) .. '@' .. digits(hole[3])
      .. (hole[4] and 'v' or '')
  end
  redis.call(
    'HSET', 'etl:producer:' .. name, 'highest', digits(state.highest), 'seen', digits(state.seen),
    'repeated', digits(state.repeated), 'lost', digits(state.lost), 'first', digits(state.first),
    'last', digits(state.last), 'holes', table.concat(texts, ';')
  )
  redis.call('ZADD', 'etl:producers', digits(state.last), name)
end
for i = 3, 2 + 4 * spans, 4 do
  if tonumber(ARGV[i + 2]) > noted[ARGV[i]] then
    redis.call('HSET', 'etl:noted', ARGV[i], ARGV[i + 2])
  end
end
redis.call('HSET', 'etl:numbers', 'since_ms', digits(since))
if unstamped > 0 then
  redis.call('HINCRBY', 'etl:numbers', 'unstamped', unstamped)
end
