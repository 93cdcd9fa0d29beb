-- Records producers' numbers as ranges (etl/sequence/columns.py). It stands behind numbers.lua.
--
-- ARGV: most gaps of one producer; number of spans; the spans (numbers.lua); per span: the offset up
--       to which it was taken to be noted; messages without a number; per producer: name, times of the
--       first and of the last message (ms), settled number, messages that repeat another's number,
--       ranges and skipped ranges, one argument each, of three numbers of 8 bytes (little-endian) for
--       every range: first, last, time (ms), which is the one since which the gap in front is known.
-- Returns 1; or 0 when another offset is noted of a span, and nothing was done.

-- Takes in the numbers from first to last.
local function see_all(state, first, last, since)
  if first <= state.highest then
    local stop, seen = math.min(last, state.highest), 0
    local gaps = { gap_of(state, first) }
    local others = redis.call('ZRANGEBYSCORE', state.gaps, '(' .. digits(first), digits(stop))
    for _, member in ipairs(others) do
      gaps[#gaps + 1] = read(member)
    end
    for _, gap in ipairs(gaps) do
      local low, high = math.max(first, gap[1]), math.min(stop, gap[2])
      cut(state, gap, low, high)
      seen = seen + high - low + 1
    end
    state.seen = state.seen + seen
    state.repeated = state.repeated + (stop - first + 1) - seen
    first = stop + 1
  end
  if first <= last then
    open(state, state.highest + 1, first - 1, since, false)
    state.highest = last
    state.seen = state.seen + last - first + 1
  end
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
  for _, range in ipairs(unpacked(ARGV[i + 5])) do
    see_all(state, range[1], range[2], range[3])
  end
  for _, range in ipairs(unpacked(ARGV[i + 6])) do
    declare_skipped(state, range[1], range[2], range[3])
  end
  i = i + 7
  bound(state)
end
keep_producers()
note(3, spans, noted, unstamped)
return 1
