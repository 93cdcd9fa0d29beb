-- Books halves whose row or dead letter is stored.
--
-- ARGV: per booking: prefix, key, account ("paired", "unpaired" or "orphan_ends").
-- Returns per booking how many halves it booked that were waiting.

local closed, markers = {}, {}
redis.call('SELECT', 2)
for i = 1, #ARGV, 3 do
  local prefix, key, account = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local starts, ends, books = prefix .. ':due:s', prefix .. ':due:e', prefix .. ':books'
  local entry = redis.call('HMGET', key, 'b', 'f')
  local number = 0
  if entry[2] then
    if account ~= 'orphan_ends' then
      number = number + redis.call('ZREM', starts, key)
    end
    if account ~= 'unpaired' then
      number = number + redis.call('ZREM', ends, key)
      redis.call('HDEL', key, 'o')
    end
    local level = account == 'paired' and 2 or 1
    redis.call('HSET', key, 'b', math.max(level, tonumber(entry[1] or '0')))
    if number > 0 then
      redis.call('HINCRBY', books, account, 1)
      if account == 'paired' and number == 1 then
        redis.call('HINCRBY', books, 'late', 1)
      end
    end
    if not redis.call('ZSCORE', starts, key) and not redis.call('ZSCORE', ends, key) then
      redis.call('ZADD', prefix .. ':done', entry[2], key)
      markers[#markers + 1] = key
    end
  end
  closed[#closed + 1] = number
end
redis.call('SELECT', 1)
for _, key in ipairs(markers) do
  redis.call('DEL', key)
end
return closed
