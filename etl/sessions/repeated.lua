-- Remembers where event ids were met first, as first_occurrences.lua does, for many of one event.
--
-- ARGV: lifetime in seconds; event; the ids' texts, 36 characters each; their offsets, 8 bytes each,
--       and their partitions, 4 bytes each, both little-endian.
-- Returns the places, from 0, of the ids that were met elsewhere.

redis.call('SELECT', 1)
local prefix = 'seen:' .. ARGV[2] .. ':'
local ids, offsets, partitions = ARGV[3], ARGV[4], ARGV[5]
local count = #ids / 36
local keys, locations = {}, {}
for i = 1, count do
  keys[i] = prefix .. string.sub(ids, 36 * i - 35, 36 * i)
end
local seen = redis.call('MGET', unpack(keys))
local met, repeated = {}, {}
for i = 1, count do
  local key = keys[i]
  local location = string.format(
    '%.0f:%.0f', struct.unpack('<I4', partitions, 4 * i - 3), struct.unpack('<I8', offsets, 8 * i - 7)
  )
  local known = met[key] or seen[i]
  if not known then
    redis.call('SET', key, location, 'EX', ARGV[1])
    met[key] = location
  elseif known ~= location then
    repeated[#repeated + 1] = i - 1
  end
end
return repeated
