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

-- Arguments of every run of appends before its commands, and of its row where it has one. A command takes two: its field and its place.
local OWN_ARGS, ROW_ARGS = 7, 5
-- Bytes of what a run says of itself and, before each record, of the record (run.rs).
local RUN_HEAD, RECORD_HEAD = 32, 24
-- Bytes after which a message of the bell ends and the next one begins.
local RING_MAX_BYTES = 65536

-- Where a run's commands begin and end, and where the next run begins.
local function commands_of(args, at)
  local first = at + OWN_ARGS
  local final = first + 2 * args[at + 4] - 1
  return first, final, final + 1 + (args[at + 6] == '' and 0 or ROW_ARGS)
end

-- Adds a run of one session's appends to its log and moves its index: all of them or, where that is not possible, none. Nothing is written
-- before everything is checked. Numbers stay text: making text of a number costs more than most of what is done here.
-- args from at: expected last run | what the bell says instead of the run (empty: the run) | how many appends, the claim's epoch,
-- the session where a row comes (empty: none) | command place ... | index open tally summary crc
-- Only a single append has an epoch or a row. Answers what became of it, 1 where it was written now, and whether it is in the log as it was
-- decided; nothing for several that cannot all be written.
local function append_run(agency, session, log, args, at)
  local expected, last, run = args[at], args[at + 1], args[at + 2]
  local single, epoch, id = args[at + 4] == '1', args[at + 5], args[at + 6]
  local first, final = commands_of(args, at)
  local has_row, was, index, open, tally = id ~= ''
  if has_row then
    index, open, tally = args[final + 1], args[final + 2], args[final + 3]
    was = redis.call('HMGET', session, 'head', args[first], 'epoch', 'until', 'index', 'open', 'tally')
  elseif epoch ~= '' then
    was = redis.call('HMGET', session, 'head', args[first], 'epoch', 'until')
  elseif single then
    was = redis.call('HMGET', session, 'head', args[first])
  else
    local commands = {}
    for command = first, final, 2 do commands[#commands + 1] = args[command] end
    was = redis.call('HMGET', session, 'head', unpack(commands))
  end
  local head, claimed = was[1], false
  if not single then
    if head ~= expected or expected == agency.astray[session] then return nil end
    for known = 2, #was do
      if was[known] then return nil end
    end
  elseif not head then
    if not has_row or expected ~= '0' then return 'none' end
    if epoch ~= '' then return 'conflict 0' end
  else
    claimed = was[3]
    if was[2] then return 'duplicate ' .. was[2], was[2] == args[final] end
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

  if not head then
    redis.call('XADD', log, last .. '-0', 'run', run)
  elseif not redis.call('XADD', log, 'NOMKSTREAM', last .. '-0', 'run', run) then
    return 'damaged ' .. head
  end

  if has_row then
    redis.call('HSET', session, 'head', last, args[first], args[final],
      'index', index, 'open', open, 'tally', tally, 'summary', args[final + 4], 'crc', args[final + 5])
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
  elseif single then
    redis.call('HSET', session, 'head', last, args[first], args[final])
  else
    redis.call('HSET', session, 'head', last, unpack(args, first, final))
  end

  if agency.channel ~= '' then
    -- In pieces: every text that is put together here is read once more as a whole.
    local rung, said = agency.rung, args[at + 3] == '' and run or args[at + 3]
    rung[#rung + 1] = said
    agency.bytes = agency.bytes + #said
  end
  return 1, true
end

-- Tries a run, and notes what became of each of its appends; false where they cannot all be written.
local function try_run(agency, session, log, args, at, outcomes)
  local done, outcome, as_decided = pcall(append_run, agency, session, log, args, at)
  if not done then -- a text or a table, by the server's version
    outcome = redis.error_reply(type(outcome) == 'table' and outcome.err or tostring(outcome))
  end
  if not outcome then return false end
  for _ = 1, args[at + 4] do outcomes[#outcomes + 1] = outcome end
  agency.astray[session] = not (done and as_decided) and args[at + 1] or nil
  return true
end

-- The appends of a run one by one, each with its piece of the run.
local function append_apart(agency, session, log, args, at, outcomes)
  local expected, run, from = args[at], args[at + 2], RUN_HEAD + 1
  local first, final = commands_of(args, at)
  for command = first, final, 2 do
    local place, to = args[command + 1], from
    local last = string.match(place, '%d+$')
    for _ = 1, last - expected do
      to = to + RECORD_HEAD + struct.unpack('>I4', run, to + RECORD_HEAD - 4)
    end
    local piece = string.sub(run, 1, 16) .. struct.pack('>I4I4I4I4', 0, last, last - expected, to - from)
      .. string.sub(run, from, to - 1)
    try_run(agency, session, log, { expected, last, piece, '', '1', '', '', args[command], place }, 1, outcomes)
    expected, from = last, to
  end
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
-- KEYS index open figures claims, then session log of each run
-- ARGV channel (empty: the caller rings, once replicas have it), then what append_run says, of each run
local function append(keys, args)
  local agency = { index = keys[1], open = keys[2], figures = keys[3], claims = keys[4], channel = args[1],
    rung = {}, bytes = 0, changed = false, astray = {} }
  local outcomes, at = {}, 2
  for key = 5, #keys, 2 do
    if not try_run(agency, keys[key], keys[key + 1], args, at, outcomes) then
      append_apart(agency, keys[key], keys[key + 1], args, at, outcomes)
    end
    local _, _, next_at = commands_of(args, at)
    at = next_at
    if agency.bytes > RING_MAX_BYTES then ring(agency) end
  end
  ring(agency)
  if agency.changed then redis.call('HINCRBY', agency.figures, 'version', 1) end
  return outcomes
end

-- Entries that end behind a place, with as many records behind it as asked for or as fit, and the head. An entry has the number of its last
-- record, so that tells how many are behind. The numbers are checked by the caller, who also leaves out what is too much.
-- KEYS session log, ARGV after limit bytes
local function read(keys, args)
  local head = redis.call('HGET', keys[1], 'head')
  local limit, room = tonumber(args[2]), tonumber(args[3])
  local entries, records, start, step = {}, 0, '(' .. args[1] .. '-' .. '18446744073709551615', 16
  while records < limit and room > 0 do
    local count = math.min(step, limit - records)
    local found = redis.call('XRANGE', keys[2], start, '+', 'COUNT', count)
    for _, entry in ipairs(found) do
      entries[#entries + 1] = entry
      records = string.match(entry[1], '%d+') - args[1]
      for _, field in ipairs(entry[2]) do room = room - #field end
      if room <= 0 then break end
    end
    if #found < count then break end
    start = '(' .. found[#found][1]
    -- Small records come in larger steps; large ones must not gather in memory.
    step = (tonumber(args[3]) - room) / #entries > 8192 and 16 or 256
  end
  return { head, entries }
end

-- Adds records to a copy of a log that is made beside it. It ends by itself should nobody put it in the place of the log.
-- KEYS copy, ARGV life in ms, number run ... (each of one record)
local function copy(keys, args)
  for at = 2, #args, 2 do
    redis.call('XADD', keys[1], args[at], 'run', args[at + 1])
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
