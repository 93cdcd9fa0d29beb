-- Records producers' numbers as ranges (etl/sequence/columns.py). It stands behind numbers.lua.
--
-- ARGV: most gaps of one producer; number of spans; the spans (numbers.lua); per span: the offset up
--       to which it was taken to be noted; messages without a number; per producer: name, times of the
--       first and of the last message (ms), settled number, messages that repeat another's number,
--       ranges and skipped ranges, one argument each, of three numbers of 8 bytes (little-endian) for
--       every range: first, last, time (ms), which is the one since which the gap in front is known.
-- Returns 1; or 0 when another offset is noted of a span, and nothing was done.

-- The gaps that numbers from first to last may lie in, the lowest first; nil when they are many more
-- than the ranges that are told.
local function gaps_between(state, first, last, told)
  local after = '(' .. digits(first)
  if redis.call('ZCOUNT', state.gaps, after, digits(last)) > 4 * told + 100 then
    return nil
  end
  local gaps = { gap_of(state, first) }
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', state.gaps, after, digits(last))) do
    gaps[#gaps + 1] = read(member)
  end
  return gaps
end

-- Gaps that go and come, written in few calls: a call for each took half of this script's time.
local function changes()
  return { gone = {}, come = {} }
end

local function opens(changed, first, last, since_ms, skipped)
  if first <= last then
    local member = string.format('%.0f-%.0f@%.0f', first, last, since_ms)
    changed.come[#changed.come + 1] = digits(first)
    changed.come[#changed.come + 1] = skipped and member .. 'v' or member
  end
end

local function write(state, changed)
  for i = 1, #changed.gone, 4000 do
    redis.call('ZREM', state.gaps, unpack(changed.gone, i, math.min(i + 3999, #changed.gone)))
  end
  for i = 1, #changed.come, 4000 do
    redis.call('ZADD', state.gaps, unpack(changed.come, i, math.min(i + 3999, #changed.come)))
  end
end

-- Takes ranges, the lowest first, out of gaps, the lowest first; gives how many numbers were in them.
local function fill(ranges, gaps, changed)
  local seen, i = 0, 1
  for _, gap in ipairs(gaps) do
    local first, last, touched = gap[1], gap[2], false
    while ranges[i] and ranges[i][2] < first do
      i = i + 1
    end
    while ranges[i] and ranges[i][1] <= last do
      local low, high = math.max(ranges[i][1], first), math.min(ranges[i][2], last)
      opens(changed, first, low - 1, gap[3], gap[4])
      seen, first, touched = seen + high - low + 1, high + 1, true
      if ranges[i][2] > last then
        break
      end
      i = i + 1
    end
    if touched then
      changed.gone[#changed.gone + 1] = gap[5]
      opens(changed, first, last, gap[3], gap[4])
    end
  end
  return seen
end

-- Takes in numbers that came: ranges apart from each other, the lowest first.
local function see_all(state, ranges)
  local changed, known, below = changes(), {}, 0
  local highest = state.highest
  for i, range in ipairs(ranges) do
    local first, last = range[1], range[2]
    if first <= highest then
      known[i] = { first, math.min(last, highest) }
      below = below + known[i][2] - first + 1
    end
    if last > highest then
      first = math.max(first, highest + 1)
      opens(changed, state.highest + 1, first - 1, range[3], false)
      state.highest = last
      state.seen = state.seen + last - first + 1
    end
  end
  local seen = 0
  if #known > 0 then
    local gaps = gaps_between(state, known[1][1], known[#known][2], #known)
    if gaps then
      seen = fill(known, gaps, changed)
    else
      for _, range in ipairs(known) do
        local of_range = changes()
        seen = seen + fill({ range }, gaps_between(state, range[1], range[2], math.huge), of_range)
        write(state, of_range)
      end
    end
  end
  state.seen = state.seen + seen
  state.repeated = state.repeated + below - seen
  write(state, changed)
end

local function unpacked(text)
  local ranges = {}
  for place = 1, #text, 24 do
    ranges[#ranges + 1] = { struct.unpack('<i8i8i8', text, place) }
  end
  return ranges
end

local spans = tonumber(ARGV[2])
local noted = noted_of(3, spans)
local i = 3 + 4 * spans
for span = 0, spans - 1 do
  if noted[ARGV[3 + 4 * span]] ~= tonumber(ARGV[i + span]) then
    return 0
  end
end
i = i + spans
local unstamped = tonumber(ARGV[i])
i = i + 1
while i <= #ARGV do
  local state = recall(ARGV[i])
  local first_ms, last_ms = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  state.first = state.first == 0 and first_ms or math.min(state.first, first_ms)
  state.last = math.max(state.last, last_ms)
  state.settled = math.max(state.settled, tonumber(ARGV[i + 3]))
  state.repeated = state.repeated + tonumber(ARGV[i + 4])
  see_all(state, unpacked(ARGV[i + 5]))
  for _, range in ipairs(unpacked(ARGV[i + 6])) do
    declare_skipped(state, range[1], range[2], range[3])
  end
  i = i + 7
  bound(state)
end
keep_producers()
note(3, spans, noted, unstamped)
return 1
