-- Records producers' numbers. The same as etl/sequence/numbers.py, which says what gaps are.
--
-- ARGV: most gaps of one producer; number of spans; per span: field, start, stop, time of its
--       first message (ms; 0 when it has none); per message: field, offset, time (ms), producer
--       ("" without a sequence header), number, number of skipped ranges; per range: first, last.
--
-- A gap is kept as "first-last@since", with a "v" behind it when it is skipped, in a sorted set by its
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
  local state = { gaps = 'etl:holes:' .. name }
  for i, field in ipairs({ 'highest', 'seen', 'repeated', 'lost', 'first', 'last' }) do
    state[field] = tonumber(kept[i] or '0')
  end
  known[name] = state
  order[#order + 1] = name
  return state
end

local function read(member)
  local first, last, since_ms, skipped = string.match(member, '(%d+)%-(%d+)@(%d+)(v?)')
  return { tonumber(first), tonumber(last), tonumber(since_ms), skipped == 'v', member }
end

local function open(state, first, last, since_ms, skipped)
  if first <= last then
    local member = digits(first) .. '-' .. digits(last) .. '@' .. digits(since_ms)
    redis.call('ZADD', state.gaps, digits(first), member .. (skipped and 'v' or ''))
  end
end

-- The gap that a number is in.
local function gap_of(state, number)
  local found = redis.call(
    'ZREVRANGEBYSCORE', state.gaps, digits(number), '-inf', 'LIMIT', 0, 1
  )
  local gap = found[1] and read(found[1])
  return gap and number <= gap[2] and gap or nil
end

-- Takes the numbers from first to last out of a gap.
local function cut(state, gap, first, last)
  redis.call('ZREM', state.gaps, gap[5])
  open(state, gap[1], first - 1, gap[3], gap[4])
  open(state, last + 1, gap[2], gap[3], gap[4])
end

local function see(state, number, at)
  if number > state.highest then
    open(state, state.highest + 1, number - 1, at, false)
    state.highest = number
    state.seen = state.seen + 1
    return
  end
  local gap = gap_of(state, number)
  if gap then
    cut(state, gap, number, number)
    state.seen = state.seen + 1
  else
    state.repeated = state.repeated + 1
  end
end

local function declare_skipped(state, first, last, at)
  if last > state.highest then
    open(state, state.highest + 1, last, at, false)
    state.highest = last
  end
  local gaps = { gap_of(state, first) }
  local others = redis.call('ZRANGEBYSCORE', state.gaps, '(' .. digits(first), digits(last))
  for _, member in ipairs(others) do
    gaps[#gaps + 1] = read(member)
  end
  for _, gap in ipairs(gaps) do
    if not gap[4] then
      local low, high = math.max(first, gap[1]), math.min(last, gap[2])
      cut(state, gap, low, high)
      open(state, low, high, gap[3], true)
    end
  end
end

local function bound(state)
  while redis.call('ZCARD', state.gaps) > most do
    local gap = read(redis.call('ZPOPMIN', state.gaps)[1])
    state.lost = state.lost + (gap[4] and 0 or gap[2] - gap[1] + 1)
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
  local number, skipped = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  i = i + 6
  if offset >= noted[field] then
    if name == '' then
      unstamped = unstamped + 1
    else
      local state = recall(name)
      state.first = state.first == 0 and at or math.min(state.first, at)
      state.last = math.max(state.last, at)
      see(state, number, at)
      for range = 0, skipped - 1 do
        declare_skipped(state, tonumber(ARGV[i + 2 * range]), tonumber(ARGV[i + 2 * range + 1]), at)
      end
      bound(state)
    end
  end
  i = i + 2 * skipped
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
