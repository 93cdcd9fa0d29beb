-- What the scripts that record producers' numbers share. The same as etl/sequence/numbers.py, which
-- says what gaps are.
--
-- A gap is kept as "first-last@since", with a "v" behind it when it is skipped, in a sorted set by its
-- first number: there may be very many while one partition is read far ahead of another.
--
-- ARGV[1]: most gaps of one producer.

redis.call('SELECT', 2)
local most = tonumber(ARGV[1])
local known, order = {}, {}

local function digits(number)
  return string.format('%.0f', number)
end

local function recall(name)
  if known[name] then
    return known[name]
  end
  local kept = redis.call(
    'HMGET', 'etl:producer:' .. name, 'highest', 'seen', 'repeated', 'lost', 'first', 'last',
    'settled'
  )
  local state = { gaps = 'etl:holes:' .. name }
  for i, field in ipairs({ 'highest', 'seen', 'repeated', 'lost', 'first', 'last' }) do
    state[field] = tonumber(kept[i] or '0')
  end
  state.settled = tonumber(kept[7] or kept[1] or '0')
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

-- Stores the producers that were recalled.
local function keep_producers()
  for _, name in ipairs(order) do
    local state = known[name]
    redis.call(
      'HSET', 'etl:producer:' .. name, 'highest', digits(state.highest), 'seen', digits(state.seen),
      'repeated', digits(state.repeated), 'lost', digits(state.lost), 'first', digits(state.first),
      'last', digits(state.last), 'settled', digits(state.settled)
    )
    redis.call('ZADD', 'etl:producers', digits(state.last), name)
  end
end

-- The spans from ARGV[i] on, four arguments each: field, start, stop, time of the first message (ms; 0
-- when there is none). Gives the offset that each field was noted up to.
local function noted_of(i, spans)
  local noted = {}
  for j = i, i + 4 * spans - 1, 4 do
    noted[ARGV[j]] = tonumber(redis.call('HGET', 'etl:noted', ARGV[j]) or '0')
  end
  return noted
end

-- Notes the spans' stops, the time since which all is known, and messages without a number.
local function note(i, spans, noted, unstamped)
  local since = tonumber(redis.call('HGET', 'etl:numbers', 'since_ms') or '0')
  for j = i, i + 4 * spans - 1, 4 do
    if tonumber(ARGV[j + 1]) > noted[ARGV[j]] then
      since = math.max(since, tonumber(ARGV[j + 3]))
    end
    if tonumber(ARGV[j + 2]) > noted[ARGV[j]] then
      redis.call('HSET', 'etl:noted', ARGV[j], ARGV[j + 2])
    end
  end
  redis.call('HSET', 'etl:numbers', 'since_ms', digits(since))
  if unstamped > 0 then
    redis.call('HINCRBY', 'etl:numbers', 'unstamped', unstamped)
  end
end

