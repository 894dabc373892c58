# Words of the supervisor's page that the console does not have.
supervisor-title = Supervisor
supervisor-only = This page is for supervisors and administrators. The console is at /console/.
board-loading = Waiting for the figures …
board-old = Figures are { $age } old.
guarantee = What “safe” is worth here:
guarantee-local_disk = written to this node's disk and flushed. A lost disk would lose it.
guarantee-replicated = written to the shared tier and confirmed by replicas. A lost node loses nothing.
guarantee-shared_disk = written to the shared tier's disk and flushed, without a replica. A lost disk would lose it.
guarantee-weaker = the shared tier is weaker than it should be: things are stored, but not yet safe. An operator sees why.
guarantee-island = the shared tier does not answer or takes nothing: this node goes on alone, what comes is on its own disk until it can be brought there.
guarantee-none = nothing is confirmed as safe right now. Residents keep their copies.
tile-staffed = { $people } available
tile-nobody = Nobody is available for this queue.
tile-waiting = Waiting
tile-longest = Longest wait
tile-share = In target
tile-share-means = Share of today's answered sessions that were answered within the target of their priority.
tile-goal = goal { $goal } %
tile-goal-missed = under { $goal } %
tile-abandoned = Abandoned
tile-answered = { $answered } answered
tile-by-priority = Waiting by priority
people = People
people-available = { $people } available
people-name = Name
people-state = State
people-since = Since
people-sessions = Sessions
people-empty = Nobody is signed in.
sessions = Sessions
sessions-all = All
sessions-owned = Owned
sessions-empty = No sessions.
column-priority = Priority
column-kind = Kind
column-standing = Standing
column-wait = Wait
column-acts = Acts
standing-waiting = waiting
standing-owned = with { $owner }
standing-abandoned = abandoned
standing-closed = closed
watch = Watch
watch-stop = Stop watching
watching = Watched session
watching-audited = Watching: read only, audited
take-away = Take away
take-away-means = { $owner } loses this session. It goes back to its queue with its first deadline, and the record says who did it.
take-away-do = Take away

warnings = What needs you
warnings-none = Nothing is near its target, and nobody waits without a desk.
warnings-more = { $count } more
warnings-fewer = Fewer
warn-show = Show
warn-wait = has waited { $waited } of { $target }
warn-more = { $sessions } past half in all
warn-spoken-wait = { $queue }: priority { $priority }, { $level }.
warn-word-act = Act now
warn-word-unsafe = Not safe
warn-unsafe = Nothing is confirmed as safe. Residents keep their copies; tell the people who run the gateway.
warn-unstaffed = { $queue }: { $sessions ->
    [one] 1 session waits
   *[other] { $sessions } sessions wait
  } and nobody is available for this queue.
warn-orphaned = { $sessions ->
    [one] 1 session has lost its console
   *[other] { $sessions } sessions have lost their console
  }.
level-50 = past 50 %
level-75 = past 75 %
level-90 = past 90 %
level-100 = target missed

definitions = What the figures mean
definitions-keys = Single keys work on this page
define-waiting-name = Waiting
define-waiting = Sessions in this queue that nobody has taken, now.
define-longest-name = Longest wait
define-longest = Time since the oldest waiting session entered this queue, by the gateway's clock.
define-order-name = Who is next
define-order = Whoever’s target ends first. Priority 1 goes before everybody, but of any ten sessions taken in a row at a node one is the most overdue of all others. So nobody is passed by somebody of their own kind whose target ends later, and whoever is first among the others is taken by the tenth take at the latest, whatever comes in. Waits are estimated nowhere, to nobody: there is no error of estimates to show.
define-share-name = In target
define-share = Of today's answered sessions (since midnight UTC), the share that was taken within the target of its priority. Rounded down. The goal stands beside it.
define-abandoned-name = Abandoned
define-abandoned = Sessions of today (since midnight UTC) whose resident left or was lost before anybody took them. They keep their place and contact in the list “Abandoned”.
define-levels-name = Past 50, 75, 90 %
define-levels = How much of its target the wait nearest to a breach has used. One bar at 50 %, two at 75 %, three at 90 %; a mark of its own when the target is missed. Priority 1 asks for you from 50 % on.
define-people-name = People
define-people = Everybody who is signed in. Available means: takes sessions now. Anything else is named with its reason; “since” is the time in this state.
define-mix-name = Priority mix
define-mix = Open sessions by priority beside 5 / 15 / 80 %, the mix at which the highest priorities still stand out. It is no target: it shows when everything has become urgent.
define-orphaned-name = Without a console
define-orphaned = The owner's console is gone, or the session is back in its queue after somebody had answered it. A session goes back by itself a few seconds after its console is lost, with its first deadline.
define-safe-name = Safe
define-safe = What the gateway has promised when it says “safe” to a resident, on the node you are connected to.

mix = Priority mix
mix-open = Open
mix-now = Now
mix-reference = Reference
mix-rest = The rest
mix-few = Under { $from } open sessions a mix says little.
mix-heavy = More than twice the reference has priority 1: it has stopped telling what comes first.
mix-fine = The mark in each bar is the reference.

people-by-state = People by state

list-orphaned = Without a console
standing-orphaned = { $owner }’s console is gone
standing-again = waiting again
sessions-only = { $queue } only
sessions-every-queue = All queues
sessions-whole = Show all { $count }
sessions-fewer = Show fewer
sessions-none-orphaned = Every session that was taken has its console.
sessions-none-abandoned = Nobody has given up.
take-away-orphaned = { $owner }’s console is gone. The session goes back to its queue now, with its first deadline, and the record says who did it.

trend = Since this page was opened
trend-waiting = Waiting
trend-longest = Longest wait
trend-share = In target
trend-answered = Answered
trend-abandoned = Abandoned
trend-since = since { $time }
trend-csv = Save as CSV
trend-time = Time
trend-table = The figures in a table
trend-undrawn = The chart could not be loaded. The table has every figure.

wallboard = Wallboard
wall-queue = Queue
wall-staffed = Available
wall-old = Figures are { $age } old
wall-rest = { $queues ->
    [one] 1 more queue
   *[other] { $queues } more queues
  }: { $waiting } waiting
wall-guarantee-local_disk = Safe: on this node's disk
wall-guarantee-replicated = Safe: on replicas
wall-guarantee-shared_disk = Safe: on the shared disk
wall-guarantee-weaker = Stored, not yet safe
wall-guarantee-island = Island: stored on each node, not yet safe
wall-guarantee-none = Nothing is confirmed as safe
newer-page-floor = A newer version of this page is ready.
newer-page-load = Load it now

move = Reassign
move-title = Reassign this session: { $category }
move-me = To me
move-nobody = A person (nobody else is signed in)
move-means = Nothing of it is lost, and the record says who did it.
move-means-owned = { $owner } loses it and is told. Nothing of it is lost, and the record says who did it.
move-do = Reassign
move-do-me = Take over
own-here = { $sessions ->
    [one] You own 1 session. It is answered in the console.
   *[other] You own { $sessions } sessions. They are answered in the console.
  }
own-open = Open the console

nodes = Nodes
nodes-alone = the only node
nodes-here = this page is connected to it
nodes-count = { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
  }{ $gone ->
    [0] .
    [one] , and 1 that is gone.
   *[other] , and { $gone } that are gone.
  }
nodes-name = Node
nodes-state = State
nodes-safe = What “safe” is worth
nodes-connections = Connections
nodes-sessions = Sessions held
nodes-disk = Disk
nodes-heard = Last heard
nodes-ready = Ready
nodes-draining = Draining
nodes-gone = Gone
nodes-left = { $left } of { $of } connections left
nodes-drain = { $per_s } a second, { $left } to the deadline
nodes-kept = { $records ->
    [one] 1 record is only stored there
   *[other] { $records } records are only stored there
  }, the oldest for { $age }
nodes-free = { $gigabytes } GB free
nodes-disk-little = little is left
nodes-ago = { $age } ago
nodes-now = just now
nodes-differs = Configured differently: { $what }
nodes-differs-agency = the agency’s name, banner, addresses or sounds
nodes-differs-queues = queues or targets
nodes-differs-triage = triage rules
nodes-config = Settings { $version }, in use since { $since }
nodes-config-refused = Settings file refused, the settings before stay: { $place }{ $key }, { $fault }
nodes-config-key = , { $key }
nodes-config-fault-unreadable = the file cannot be read
nodes-config-fault-syntax = it is not valid TOML
nodes-config-fault-unknown_key = there is no such setting
nodes-config-fault-wrong_value = a value of a wrong type or form
nodes-config-fault-out_of_bounds = outside its bounds, or does not go together with another setting
nodes-config-restart = Changed in the file, and needs a restart: { $settings }
nodes-config-more = { $settings } and { $more } more
nodes-wrong-config = { $node }: its settings file is refused at { $place }.
nodes-wrong-restart = { $node }: { $settings ->
    [one] a setting has changed in the file and needs
   *[other] { $settings } settings have changed in the file and need
} a restart.
nodes-means = A node that is gone is shown for ten minutes. An administrator can drain a node.
nodes-means-runs = A node that is gone is shown for ten minutes. A drain moves every client to another node with one reconnect, and loses nothing.
nodes-wrong-list = What is wrong
nodes-wrong = { $node }: { $what }.
nodes-wrong-gone = { $node } is gone: nothing is heard of it.
nodes-wrong-disk = { $node }: little room is left on its disk.
nodes-wrong-differs = { $node } is configured differently: { $what }.
nodes-was = was { $count }
nodes-drain-do = Drain …
nodes-undrain = Stop draining
nodes-drain-of = Drain { $node }
nodes-undrain-of = Stop draining { $node }
nodes-drain-means = Its residents and consoles are asked to go to other nodes, and it takes no new ones. Nothing is lost. It is on record who ordered it.
nodes-drain-here = This page is connected to it, and will connect again elsewhere.
nodes-undrain-means = Clients that are still there stay, and it takes new ones. It is on record who ordered it.
nodes-within = Everybody has moved within, in seconds
nodes-rate = Clients a second
nodes-rate-means = Left empty: as many as it takes to be through after half of the time.
nodes-unheard = The link went before the answer came. The table says whether it is done.

replay = Replay
replay-at = { $at } of { $of }
replay-play = Play
replay-pause = Pause
replay-moment = Moment
replay-next = Next entry
replay-speed = Speed

people-alarms = Alarms, 10 min
people-alarms-over = over the goal
people-exposed = In view
people-goal = Goal: under { $goal } alarms in ten minutes for each person, one a minute.
define-strain-name = Alarms and pictures
define-strain = Alarms that sounded at a person’s console in the last ten minutes, and the time of this shift in which a revealed photo or a live picture was in their view. As their pages tell, kept in memory only: a node that starts anew begins at zero. Hand pictures around before one person has had too many.

evidence = Evidence of this session
evidence-open = Evidence …
evidence-session = Session { $session }
evidence-reason = Why
evidence-reason-first = Say why first.
hold-means = While a hold stands, nothing of the session is destroyed, whatever its time. Each hold is lifted by itself.
hold-place = Put on hold
hold-lift = Lift
hold-lift-which = Lift the hold “{ $reason }”
hold-by = Placed by { $staff }, { $when }
hold-lifted = Lifted by { $staff }, { $when }: { $reason }
hold-was-placed = The session is on hold.
hold-was-lifted = The hold is lifted.
holds = Holds
holds-none = No hold was placed.
requests-mean = An export and a deletion take two persons: one asks, another supervisor agrees.
requests = Requests
requests-none = Nothing was asked for.
request-export = Export
request-by = Asked for by { $staff }, { $when }
request-waits = Waits for you or another supervisor to agree, until { $ends }
request-waits-own = Waits for another supervisor to agree, until { $ends }
request-agreed = Agreed by { $staff }, { $when }. It can be fetched by these two until { $ends }
request-declined = Declined by { $staff }, { $when }: { $reason }
request-over = Its time was over { $when }
request-agree = Agree
request-decline = Decline
request-take-back = Take back
request-end = End it now
request-was-made = It is asked for. Tell another supervisor the session’s number.
request-was-agreed = Agreed.
request-was-declined = It is declined.
export-ask = Ask for an export
export-fetch = Fetch the export
export-fetched = Sent to { $staff }, { $when }
export-was-fetched = The export is here. Who fetched it stands in the timeline.
export-broke = The export did not come whole. Fetch it again.
request-delete_photos = Deletion of the photos
deletion-ask = Ask to delete the photos
deletion-means = Deleting destroys { $photos ->
    [one] the photo
   *[other] all { $photos } photos
  } of this session for good: originals, copies and previews. It takes a second supervisor, and cannot be undone. What was written, places and the timeline stay.
deletion-held = The session is on hold: its photos cannot be deleted.
deletion-look = Look before you decide: each look is written down.
deletion-agree-means = With your press { $photos ->
    [one] the photo of this session is destroyed
   *[other] all { $photos } photos of this session are destroyed
  } at once: originals, copies and previews. This cannot be undone. What was written, places and the timeline stay.
deletion-agree = Agree and destroy { $photos ->
    [one] the photo
   *[other] { $photos } photos
  }
deletion-agreed = Agreed by { $staff }, { $when }: the photos are deleted.
deletion-was-agreed = The photos are deleted.
deletion-under-way = Their files are being destroyed.
find-session = Session number
find-session-means = The 32 digits and letters of the session’s number
requested-export = export asked for by { $staff }
requested-export-agreed = export can be fetched
requested-delete_photos = deletion of photos asked for by { $staff }
