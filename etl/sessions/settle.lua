-- Settles events whose row or dead letter is stored.
--
-- ARGV: prefix, account ("paired", "unpaired" or "orphan_ends"), a JSON list of keys.
-- Returns per key how many events that were waiting it settled: one digit for each, in one text.

local prefix, account, keys = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
local starts, ends, books = prefix .. ':due:s', prefix .. ':due:e', prefix .. ':books'
local level = account == 'paired' and 2 or 1

redis.call('SELECT', 2)
local start_waits = redis.call('ZMSCORE', starts, unpack(keys))
local end_waits = redis.call('ZMSCORE', ends, unpack(keys))
local from_starts, from_ends, done, markers = {}, {}, {}, {}
local met, closed, settled, late = {}, {}, 0, 0

for i, key in ipairs(keys) do
  local number = 0
  local state = met[key] and {} or redis.call('HMGET', key, 'b', 'f')
  met[key] = true
  if state[2] then
    local start_left, end_left = start_waits[i], end_waits[i]
    if start_left and account ~= 'orphan_ends' then
      start_left, number = false, number + 1
      from_starts[#from_starts + 1] = key
    end
    if account ~= 'unpaired' then
      if account == 'orphan_ends' then
        redis.call('HDEL', key, 'o')
      end
      if end_left then
        end_left, number = false, number + 1
        from_ends[#from_ends + 1] = key
      end
    end
    if level > tonumber(state[1] or '0') then
      redis.call('HSET', key, 'b', level)
    end
    settled = settled + (number > 0 and 1 or 0)
    late = late + (account == 'paired' and number == 1 and 1 or 0)
    if not start_left and not end_left then
      done[#done + 1] = state[2]
      done[#done + 1] = key
      markers[#markers + 1] = key
    end
  end
  closed[i] = number
end

if #from_starts > 0 then
  redis.call('ZREM', starts, unpack(from_starts))
end
if #from_ends > 0 then
  redis.call('ZREM', ends, unpack(from_ends))
end
if settled > 0 then
  redis.call('HINCRBY', books, account, settled)
end
if late > 0 then
  redis.call('HINCRBY', books, 'late', late)
end
if #markers > 0 then
  redis.call('ZADD', prefix .. ':done', unpack(done))
  redis.call('SELECT', 1)
  redis.call('DEL', unpack(markers))
end
return table.concat(closed)
