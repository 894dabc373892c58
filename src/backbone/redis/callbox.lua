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

-- Arguments of every append, of its row where it has one, and of each record.
local OWN_ARGS, ROW_ARGS, RECORD_ARGS = 9, 5, 3
-- Bytes after which a message of the bell ends and the next one begins.
local RING_MAX_BYTES = 65536

-- Where an append's records begin, and where they end.
local function records_of(args, at)
  local first = at + OWN_ARGS + (args[at + 8] == '' and 0 or ROW_ARGS)
  return first, first + RECORD_ARGS * args[at + 7] - 1
end

-- Adds one session's records to its log and moves its index. Nothing is written before everything is checked. Numbers stay
-- text: making text of a number costs more than most of what is done here.
-- args from at: expected last place command epoch id | ring (what it says before the records; empty: they do not come along)
-- | how many records, whether a row comes first (empty: none) | index open tally summary crc | number payload crc ...
-- Answers what became of it, 1 where it was written now, and whether it is in the log as it was decided.
local function append_one(agency, session, log, args, at, first, final)
  local expected, command, epoch, id = args[at], args[at + 3], args[at + 4], args[at + 5]
  local place_of, has_row = 'c:' .. command, args[at + 8] ~= ''
  local was, index, open, tally
  if has_row then
    index, open, tally = args[at + OWN_ARGS], args[at + OWN_ARGS + 1], args[at + OWN_ARGS + 2]
    was = redis.call('HMGET', session, 'head', place_of, 'epoch', 'until', 'index', 'open', 'tally')
  elseif epoch ~= '' then
    was = redis.call('HMGET', session, 'head', place_of, 'epoch', 'until')
  else
    was = redis.call('HMGET', session, 'head', place_of)
  end
  local head, claimed = was[1], was[3]
  if not head then
    if not has_row or expected ~= '0' then return 'none' end
    if epoch ~= '' then return 'conflict 0' end
  else
    if was[2] then return 'duplicate ' .. was[2], was[2] == args[at + 2] end
    -- What goes on from one that did not come out as decided was decided on what is not so.
    if expected ~= head or expected == agency.astray[session] then return 'conflict ' .. head end
    if epoch ~= '' then
      agency.now = agency.now or now_ms()
      if epoch ~= claimed or tonumber(was[4]) <= agency.now then return 'conflict ' .. head end
    end
  end

  local moves = has_row and (was[5] ~= index or was[6] ~= open or was[7] ~= tally)
  if moves then -- a key of another kind stops everything here
    redis.call('ZCARD', agency.index)
    redis.call('ZCARD', agency.open)
    redis.call('ZCARD', agency.claims)
    redis.call('HLEN', agency.figures)
  end

  for record = first, final, RECORD_ARGS do
    local number, payload, crc = args[record], args[record + 1], args[record + 2]
    if head then
      if not redis.call('XADD', log, 'NOMKSTREAM', number, 'command', command, 'payload', payload, 'crc', crc) then
        return 'damaged ' .. head
      end
    else
      redis.call('XADD', log, number, 'command', command, 'payload', payload, 'crc', crc)
    end
  end

  local last, place = args[at + 1], args[at + 2]
  if not has_row then
    redis.call('HSET', session, 'head', last, place_of, place)
  else
    redis.call('HSET', session, 'head', last, place_of, place,
      'index', index, 'open', open, 'tally', tally, 'summary', args[first - 2], 'crc', args[first - 1])
    if moves then
      local waits = open ~= ''
      if was[5] ~= index then
        if was[5] then redis.call('ZREM', agency.index, was[5]) end
        redis.call('ZADD', agency.index, 0, index)
      end
      if claimed and not waits then
        redis.call('HDEL', session, 'epoch', 'until')
        redis.call('ZREM', agency.claims, id)
      elseif not claimed and was[6] ~= open then -- a claimed one takes its place when the claim ends
        if was[6] and was[6] ~= '' then redis.call('ZREM', agency.open, was[6]) end
        if waits then redis.call('ZADD', agency.open, 0, open) end
      end
      if was[7] ~= tally then
        if was[7] then redis.call('HINCRBY', agency.figures, was[7], -1) end
        redis.call('HINCRBY', agency.figures, tally, 1)
      end
    end
    agency.changed = true
  end

  if agency.channel == '' then return 1, true end
  -- In pieces: every text that is put together here is read once more as a whole.
  local rung, bytes = agency.rung, agency.bytes
  local said = args[at + 6]
  if said == '' then
    rung[#rung + 1] = id .. command .. last .. ' 0 '
  else
    rung[#rung + 1] = said
    for record = first, final, RECORD_ARGS do
      rung[#rung + 1] = args[record + 1]
      bytes = bytes + #args[record + 1]
    end
  end
  agency.bytes = bytes + 100
  return 1, true
end

-- Tells everybody who listens what was appended.
local function ring(agency)
  if #agency.rung > 0 then
    redis.call('SPUBLISH', agency.channel, 'a' .. table.concat(agency.rung))
    agency.rung, agency.bytes = {}, 0
  end
end

-- Appends of one agency, each by itself, in their order: one that fails does not stop those behind it, but for those that go on
-- from it.
-- KEYS index open figures claims, then session log of each
-- ARGV channel (empty: the caller rings, once replicas have it), then what append_one says, of each
local function append(keys, args)
  local agency = { index = keys[1], open = keys[2], figures = keys[3], claims = keys[4], channel = args[1],
    rung = {}, bytes = 0, changed = false, astray = {} }
  local outcomes, at = {}, 2
  for key = 5, #keys, 2 do
    local first, final = records_of(args, at)
    local done, outcome, as_decided = pcall(append_one, agency, keys[key], keys[key + 1], args, at, first, final)
    if not done then -- a text or a table, by the server's version
      outcome = redis.error_reply(type(outcome) == 'table' and outcome.err or tostring(outcome))
    end
    outcomes[#outcomes + 1] = outcome
    agency.astray[keys[key]] = not (done and as_decided) and args[at + 1] or nil
    at = final + 1
    if agency.bytes > RING_MAX_BYTES then ring(agency) end
  end
  ring(agency)
  if agency.changed then redis.call('HINCRBY', agency.figures, 'version', 1) end
  return outcomes
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

-- Adds records to a copy of a log that is made beside it. It ends by itself should nobody put it in the place of the log.
-- KEYS copy, ARGV life in ms, number command payload crc ...
local function copy(keys, args)
  for at = 2, #args, 4 do
    redis.call('XADD', keys[1], args[at], 'command', args[at + 1], 'payload', args[at + 2], 'crc', args[at + 3])
  end
  redis.call('PEXPIRE', keys[1], args[1])
  return redis.call('XLEN', keys[1])
end

-- Puts a copy in the place of a log that still ends where the copy does, with a new summary of its session.
-- KEYS session log copy figures, ARGV head summary crc
local function replace(keys, args)
  local head = redis.call('HGET', keys[1], 'head')
  if not head then return 'none' end
  if head ~= args[1] then return 'conflict ' .. head end
  if redis.call('XLEN', keys[3]) ~= tonumber(head) then return 'lost' end
  redis.call('HLEN', keys[4]) -- a key of another kind stops everything here
  redis.call('RENAME', keys[3], keys[2])
  redis.call('PERSIST', keys[2])
  redis.call('HSET', keys[1], 'summary', args[2], 'crc', args[3])
  redis.call('HINCRBY', keys[4], 'version', 1)
  return 'replaced'
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
register('copy', copy)
register('replace', replace)
register('read', read, { 'no-writes' })
register('list', list, { 'no-writes' })
register('claim', claim)
register('release', release)
register('lease_take', lease_take)
register('lease_renew', lease_renew)
register('lease_drop', lease_drop)
register('lease_overdue', lease_overdue, { 'no-writes' })
