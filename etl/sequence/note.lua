-- Notes producers' numbers. The same as etl/sequence/numbers.py, which says what holes are.
--
-- ARGV: most holes of one producer; number of spans; per span: field, start, stop, time of its
--       first message (ms; 0 when it has none); per message: field, offset, time (ms), producer
--       ("" without a stamp), number, number of void ranges; per range: first, last.
--
-- A hole is kept as "first-last@since", with a "v" behind it when it is void, in a sorted set by its
-- first number: there may be very many while one partition is read far ahead of another.

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
    'HMGET', 'etl:producer:' .. name, 'highest', 'seen', 'repeated', 'lost', 'first', 'last'
  )
  local state = { holes = 'etl:holes:' .. name }
  for i, field in ipairs({ 'highest', 'seen', 'repeated', 'lost', 'first', 'last' }) do
    state[field] = tonumber(kept[i] or '0')
  end
  known[name] = state
  order[#order + 1] = name
  return state
end

local function read(member)
  local first, last, since_ms, void = string.match(member, '(%d+)%-(%d+)@(%d+)(v?)')
  return { tonumber(first), tonumber(last), tonumber(since_ms), void == 'v', member }
end

local function open(state, first, last, since_ms, void)
  if first <= last then
    local member = digits(first) .. '-' .. digits(last) .. '@' .. digits(since_ms)
    redis.call('ZADD', state.holes, digits(first), member .. (void and 'v' or ''))
  end
end

-- The hole that a number is in.
local function hole_of(state, number)
  local found = redis.call(
    'ZREVRANGEBYSCORE', state.holes, digits(number), '-inf', 'LIMIT', 0, 1
  )
  local hole = found[1] and read(found[1])
  return hole and number <= hole[2] and hole or nil
end

-- Takes the numbers from first to last out of a hole.
local function cut(state, hole, first, last)
  redis.call('ZREM', state.holes, hole[5])
  open(state, hole[1], first - 1, hole[3], hole[4])
  open(state, last + 1, hole[2], hole[3], hole[4])
end

local function see(state, number, at)
  if number > state.highest then
    open(state, state.highest + 1, number - 1, at, false)
    state.highest = number
    state.seen = state.seen + 1
    return
  end
  local hole = hole_of(state, number)
  if hole then
    cut(state, hole, number, number)
    state.seen = state.seen + 1
  else
    state.repeated = state.repeated + 1
  end
end

local function declare_void(state, first, last, at)
  if last > state.highest then
    open(state, state.highest + 1, last, at, false)
    state.highest = last
  end
  local holes = { hole_of(state, first) }
  local others = redis.call('ZRANGEBYSCORE', state.holes, '(' .. digits(first), digits(last))
  for _, member in ipairs(others) do
    holes[#holes + 1] = read(member)
  end
  for _, hole in ipairs(holes) do
    if not hole[4] then
      local low, high = math.max(first, hole[1]), math.min(last, hole[2])
      cut(state, hole, low, high)
      open(state, low, high, hole[3], true)
    end
  end
end

local function bound(state)
  while redis.call('ZCARD', state.holes) > most do
    local hole = read(redis.call('ZPOPMIN', state.holes)[1])
    state.lost = state.lost + (hole[4] and 0 or hole[2] - hole[1] + 1)
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
      bound(state)
    end
  end
  i = i + 2 * voids
end

for _, name in ipairs(order) do
  local state = known[name]
  redis.call(
    'HSET', 'etl:producer:' .. name, 'highest', digits(state.highest), 'seen', digits(state.seen),
    'repeated', digits(state.repeated), 'lost', digits(state.lost), 'first', digits(state.first),
    'last', digits(state.last)
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
