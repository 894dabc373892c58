#!lua name=callbox_v1_@HASH@
-- What has to move at once in one agency: its logs, its index, its claims; and the leases of the tier.
-- @HASH@ is the checksum of this text, so that nodes of two versions live side by side, each with its own functions.
--
-- Keys of an agency share the tag {agency}, and with it the slot of a cluster. Whoever calls names all keys but the
-- hashes of sessions that a list, a claim or an end of claims comes upon: those begin with a prefix among the arguments.
--
-- A session's hash: head, index (its member of the index), open (its member of the open sessions, empty unless it
-- waits), tally (standing/queue), summary, crc, c:<command> -> first-last, epochs (claims so far), and while it is
-- claimed epoch and until. All members have score 0: their order is that of their text, which is exact where a
-- floating-point score would not be.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Adds the agency's session to its log and moves its index. Nothing is written before everything is checked.
-- KEYS session log index open figures claims
-- ARGV expected command epoch id channel | index open tally summary crc (all empty: no row) | payload crc ...
local function append(keys, args)
  local session, log, index, open, figures, claims = unpack(keys)
  local expected, command, id = args[1], 'c:' .. args[2], args[4]
  local has_row = args[6] ~= ''
  local was = redis.call('HMGET', session, 'head', command, 'index', 'open', 'tally', 'epoch', 'until')
  local head, claimed = was[1], was[6]
  if not head then
    if not has_row or expected ~= '0' then return 'none' end
    if args[3] ~= '' then return 'conflict 0' end
  else
    if was[2] then return 'duplicate ' .. was[2] end
    if expected ~= head then return 'conflict ' .. head end
    if args[3] ~= '' and (args[3] ~= claimed or tonumber(was[7]) <= now_ms()) then return 'conflict ' .. head end
  end

  local moves = has_row and (was[3] ~= args[6] or was[4] ~= args[7] or was[5] ~= args[8])
  if moves then -- a key of another kind stops everything here
    redis.call('ZCARD', index)
    redis.call('ZCARD', open)
    redis.call('ZCARD', claims)
    redis.call('HLEN', figures)
  end

  local last = tonumber(head or 0)
  local first = last + 1
  for at = 11, #args, 2 do
    last = last + 1
    if head then
      if not redis.call('XADD', log, 'NOMKSTREAM', last .. '-0', 'command', args[2], 'payload', args[at], 'crc', args[at + 1]) then
        return 'damaged ' .. head
      end
    else
      redis.call('XADD', log, last .. '-0', 'command', args[2], 'payload', args[at], 'crc', args[at + 1])
    end
  end
  local place = first .. '-' .. last

  if not has_row then
    redis.call('HSET', session, 'head', last, command, place)
  else
    redis.call('HSET', session, 'head', last, command, place,
      'index', args[6], 'open', args[7], 'tally', args[8], 'summary', args[9], 'crc', args[10])
    if moves then
      local waits = args[7] ~= ''
      if was[3] ~= args[6] then
        if was[3] then redis.call('ZREM', index, was[3]) end
        redis.call('ZADD', index, 0, args[6])
      end
      if claimed and not waits then
        redis.call('HDEL', session, 'epoch', 'until')
        redis.call('ZREM', claims, id)
      elseif not claimed and was[4] ~= args[7] then -- a claimed one takes its place when the claim ends
        if was[4] and was[4] ~= '' then redis.call('ZREM', open, was[4]) end
        if waits then redis.call('ZADD', open, 0, args[7]) end
      end
      if was[5] ~= args[8] then
        if was[5] then redis.call('HINCRBY', figures, was[5], -1) end
        redis.call('HINCRBY', figures, args[8], 1)
      end
    end
    redis.call('HINCRBY', figures, 'version', 1)
  end
  redis.call('SPUBLISH', args[5], 'a' .. id .. last)
  return 'stored ' .. place
end

-- Records after a place, as many as asked for or as fit, and the head. The log's own numbers are checked by the caller.
-- KEYS session log, ARGV after limit bytes
local function read(keys, args)
  local head = redis.call('HGET', keys[1], 'head')
  local limit, room = tonumber(args[2]), tonumber(args[3])
  local records, start, step = {}, '(' .. args[1] .. '-' .. '18446744073709551615', 16
  while #records < limit and room > 0 do
    local count = math.min(step, limit - #records)
    local found = redis.call('XRANGE', keys[2], start, '+', 'COUNT', count)
    for _, record in ipairs(found) do
      records[#records + 1] = record
      for _, field in ipairs(record[2]) do room = room - #field end
      if room <= 0 then break end
    end
    if #found < count then break end
    start = '(' .. found[#found][1]
    -- Small records come in larger steps; large ones must not gather in memory.
    step = (tonumber(args[3]) - room) / #records > 8192 and 16 or 256
  end
  return { head, records }
end

-- One page of the index and the agency's version.
-- KEYS index figures, ARGV prefix-of-sessions from to count
local function list(keys, args)
  local rows = {}
  local members = redis.call('ZRANGEBYLEX', keys[1], args[2], args[3], 'LIMIT', 0, args[4])
  for at, member in ipairs(members) do
    local id = string.sub(member, -32)
    rows[at] = { id, redis.call('HMGET', args[1] .. id, 'head', 'index', 'open', 'tally', 'summary', 'crc') }
  end
  return { redis.call('HGET', keys[2], 'version'), rows }
end

-- Gives overdue claims back, oldest first: each session stands again where it stood.
local function end_overdue(open, claims, prefix, now)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', claims, '-inf', now, 'LIMIT', 0, 1000)) do
    local member = redis.call('HGET', prefix .. id, 'open')
    if member and member ~= '' then redis.call('ZADD', open, 0, member) end
    redis.call('HDEL', prefix .. id, 'epoch', 'until')
    redis.call('ZREM', claims, id)
  end
end

-- Whether the first of two places (16 digits of rank, 32 of session) comes before the second. Compared as numbers: text
-- is compared by the server's locale.
local function before(one, other)
  for at = 1, 48, 12 do
    local a, b = tonumber(string.sub(one, at, at + 11), 16), tonumber(string.sub(other, at, at + 11), 16)
    if a ~= b then return a < b end
  end
  return false
end

local function first_open(open, queues, from, lane, best)
  for at = from, #queues do
    local head = queues[at] .. lane
    local found = redis.call('ZRANGEBYLEX', open, '[' .. head .. '/', '(' .. head .. '0', 'LIMIT', 0, 1)[1]
    if found then
      local place = string.sub(found, -48)
      if not best or before(place, best.place) then best = { place = place, member = found } end
    end
  end
  return best
end

-- Reserves the first open session of some queues.
-- KEYS open claims, ARGV prefix-of-sessions lane lease queue ...
local function claim(keys, args)
  local open, claims, prefix, now = keys[1], keys[2], args[1], now_ms()
  end_overdue(open, claims, prefix, now)
  while true do
    local best = first_open(open, args, 4, '/others', nil)
    if args[2] == 'first' or not best then best = first_open(open, args, 4, '/urgent', best) end
    if not best then return false end
    local id = string.sub(best.member, -32)
    local head = redis.call('HGET', prefix .. id, 'head')
    redis.call('ZREM', open, best.member)
    if head then -- a place whose session is gone is nobody's
      local epoch, deadline = redis.call('HINCRBY', prefix .. id, 'epochs', 1), now + args[3]
      redis.call('HSET', prefix .. id, 'epoch', epoch, 'until', deadline)
      redis.call('ZADD', claims, deadline, id)
      return { id, epoch, head }
    end
  end
end

-- KEYS session open claims, ARGV epoch id
local function release(keys, args)
  local row = redis.call('HMGET', keys[1], 'epoch', 'until', 'open')
  if row[1] ~= args[1] or tonumber(row[2]) <= now_ms() then return 0 end
  redis.call('HDEL', keys[1], 'epoch', 'until')
  redis.call('ZREM', keys[3], args[2])
  if row[3] and row[3] ~= '' then redis.call('ZADD', keys[2], 0, row[3]) end
  return 1
end

-- The epoch and holder of a lease that is not past its deadline.
local function holds(keys, name, now)
  local deadline = redis.call('ZSCORE', keys[2], name)
  if not deadline or tonumber(deadline) <= now then return nil end
  return string.match(redis.call('HGET', keys[1], name) or '', '^(%d+) (.*)$')
end

-- KEYS held deadlines epochs, ARGV name holder ttl
local function lease_take(keys, args)
  local now = now_ms()
  local epoch, holder = holds(keys, args[1], now)
  if epoch and holder ~= args[2] then return false end
  epoch = epoch or tostring(redis.call('INCR', keys[3]))
  redis.call('HSET', keys[1], args[1], epoch .. ' ' .. args[2])
  redis.call('ZADD', keys[2], now + args[3], args[1])
  return epoch
end

-- KEYS held deadlines, ARGV name epoch ttl
local function lease_renew(keys, args)
  local now = now_ms()
  if holds(keys, args[1], now) ~= args[2] then return 0 end
  redis.call('ZADD', keys[2], now + args[3], args[1])
  return 1
end

-- KEYS held deadlines, ARGV name epoch
local function lease_drop(keys, args)
  if holds(keys, args[1], now_ms()) ~= args[2] then return 0 end
  redis.call('HDEL', keys[1], args[1])
  redis.call('ZREM', keys[2], args[1])
  return 1
end

-- KEYS held deadlines, ARGV limit
local function lease_overdue(keys, args)
  local found = {}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', keys[2], '-inf', now_ms(), 'LIMIT', 0, args[1])) do
    found[#found + 1] = { name, redis.call('HGET', keys[1], name) }
  end
  return found
end

local function register(name, callback, flags)
  redis.register_function { function_name = 'callbox_' .. name .. '_@HASH@', callback = callback, flags = flags }
end

register('append', append)
register('read', read, { 'no-writes' })
register('list', list, { 'no-writes' })
register('claim', claim)
register('release', release)
register('lease_take', lease_take)
register('lease_renew', lease_renew)
register('lease_drop', lease_drop)
register('lease_overdue', lease_overdue, { 'no-writes' })
