-- Records producers' numbers, message by message. It stands behind numbers.lua.
--
-- ARGV: most gaps of one producer; number of spans; the spans (numbers.lua); per message: field,
--       offset, time (ms), producer ("" without a sequence header), number, settled number, number
--       of skipped ranges; per range: first, last.

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

local spans = tonumber(ARGV[2])
local noted = noted_of(3, spans)
local unstamped = 0
local i = 3 + 4 * spans
while i <= #ARGV do
  local field, offset, at, name = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), ARGV[i + 3]
  local number, settled, skipped = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  i = i + 7
  if offset >= noted[field] then
    if name == '' then
      unstamped = unstamped + 1
    else
      local state = recall(name)
      state.first = state.first == 0 and at or math.min(state.first, at)
      state.last = math.max(state.last, at)
      state.settled = math.max(state.settled, settled)
      see(state, number, at)
      for range = 0, skipped - 1 do
        declare_skipped(state, tonumber(ARGV[i + 2 * range]), tonumber(ARGV[i + 2 * range + 1]), at)
      end
      bound(state)
    end
  end
  i = i + 2 * skipped
end

keep_producers()
note(3, spans, noted, unstamped)
