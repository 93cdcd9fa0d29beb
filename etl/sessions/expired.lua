-- Finds sessions that have waited long enough: past their time, and without their marker.
--
-- ARGV: prefix, side, expired before (ms), skip, limit.
-- Returns {candidates looked at, due time of the first one left ("" when none is), sizes, texts}.
-- The texts are key, start, end and original end of each state, all in one, since clients take long
-- over many values; the sizes are a JSON list of five numbers for each state: how far it is settled,
-- then how long each of its texts is, -1 for one that it has not.

redis.call('SELECT', 2)
local index = ARGV[1] .. ':due:' .. ARGV[2]
local keys = redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[4], ARGV[5])
if #keys == 0 then
  return { 0, '', '[]', '' }
end
redis.call('SELECT', 1)
local markers = redis.call('MGET', unpack(keys))
redis.call('SELECT', 2)
local left, sizes, texts = nil, {}, {}
for i, key in ipairs(keys) do
  if markers[i] then
    left = left or key
  else
    local state = redis.call('HMGET', key, 's', 'e', 'o', 'b')
    sizes[#sizes + 1] = state[4] or 0
    sizes[#sizes + 1] = #key
    texts[#texts + 1] = key
    for field = 1, 3 do
      sizes[#sizes + 1] = state[field] and #state[field] or -1
      texts[#texts + 1] = state[field] or nil
    end
  end
end
return {
  #keys,
  left and redis.call('ZSCORE', index, left) or '',
  '[' .. table.concat(sizes, ',') .. ']',
  table.concat(texts),
}
