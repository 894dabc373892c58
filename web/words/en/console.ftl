# Words of the console and of what it shares with the supervisor's page.
console-title = Console
dismiss = Dismiss
close-dialog = Back
open = Open
areas = Areas
side = Place and media
language = Language
language-choose = Language of this page
language-failed = { $language } cannot be fetched now. Choose it again when the connection is back.
theme-choose = Theme
theme-system = System theme
theme-light = Light
theme-dark = Dark

sign-in-agency = Agency
sign-in-name = Name
sign-in-passphrase = Passphrase
sign-in-do = Sign in
sign-in-busy = Signing in …
menu = Menu
sign-in-with = Sign in with { $provider }
sign-in-or = Or with name and passphrase
sign-out = Sign out
ends-soon = Your sign-in ends at { $time }.
ends-kept = Sign in again now: what you have begun stays.
ends-again = Sign in again
again-done = You are signed in again. This window can be closed.
again-other = You signed in as { $name }. The other windows stay with { $before }, whose sign-in still ends.
ended-sign-in-again = The sign-in has expired. Please sign in again.
ended-replaced = This console was opened in another window, which has taken over.
old-page = The gateway was changed, and this page is from before. Load it again.
old-page-kept = You stay signed in, and what you had begun to write is kept.
old-page-alone = It loads by itself in a moment.
old-page-load = Load again

link-open = Connected
link-connecting = Connecting …
link-down = Not connected
link-lost = Connection lost.
link-lost-as-of = What you see is from { $time }.
link-lost-off = Actions are off until it is back; what you type is kept.
link-lost-again = Next try in { $seconds } s.
link-lost-trying = Trying now …
link-lost-now = Try now

own-state = My state
state-available = Available
be-available = I am available
state-because = Not available: { $reason }
reason-break = Break
reason-wrap_up = Wrap-up
reason-training = Training
reason-just_signed_in = Just signed in
reason-other = Other reason

priority-1 = Life at risk
priority-2 = Urgent
priority-3 = Prompt
priority-4 = Routine
priority-5 = Information
priority-change = Change priority
priority-short = Priority
priority-new = New priority
priority-reason = Why (stays in the record)
priority-do = Change

category-medical = Medical
category-fire = Fire
category-violence = Violence
category-property_crime = Property crime
category-traffic = Traffic
category-hazard = Hazard
category-missing_person = Missing person
category-welfare = Welfare
category-other = Other

role-resident = resident
role-telecommunicator = telecommunicator
role-supervisor = supervisor
role-auditor = auditor
role-administrator = administrator
role-wallboard = wallboard
role-responder = responder
who-resident = Resident
who-staff = Telecommunicator
who-gateway = Gateway
who-you = You

queue = Queue
queue-find = Find in this list
queue-lists = Lists
list-waiting = Waiting
list-mine = Mine
list-abandoned = Abandoned
list-closed = Closed
list-loading = Loading …
list-nothing-found = Nothing here matches. Esc leaves the field.
list-waiting-empty = No session waits.
list-waiting-last = The last one came at { $time }.
list-mine-empty = You own no session. Take the next one to begin.
list-abandoned-empty = No session was abandoned.
list-closed-empty = No session has been closed yet.
list-more = { $more ->
    [one] One more waits
   *[other] { $more } more wait
  } beyond these.
list-older = Older sessions
catching-up = Catching up …
take-next = Take next
take = Take this one
take-abandoned = Take, to contact back
take-quick-exit = Take, without contacting back
taken-by = Already taken: { $owner } has it.
duress = DURESS
duress-means = The agency’s word for duress was written: whoever writes may be watched
live-not-recorded = Live pictures are not recorded.
silent = SILENT
on-hold = ON HOLD
on-hold-means = A supervisor has put it on hold: nothing of it is destroyed
test = TEST
row-messages = { $messages ->
    [0] no text
    [one] 1 message
   *[other] { $messages } messages
  }
row-photos = { $photos ->
    [one] 1 photo
   *[other] { $photos } photos
  }
row-located = place
row-video = live
row-owner = with { $owner }
row-reserved = for { $staff }
row-away = not connected
row-quick-exit = left by quick exit
wait-of = of { $time }
wait-over = { $time } over
why = Why this priority
category-was = was: { $category }
why-press = Why?
why-person = Set by a person
why-none = No rule fired: the default of the agency.
suspicion = Suspicion
suspicion-low = some doubt
suspicion-medium = doubtful
suspicion-high = very doubtful
suspicion-why = What makes this suspicion
suspicion-means = For your judgement: it changes neither order nor priority, and the resident is told nothing of it.
suspicion-sessions = (at least { $sessions } sessions)
suspicion-outside = (at least { $km } km beyond its edge)
keeps-nothing = This browser keeps nothing. After a reload you sign in again, and what you had begun to write is gone.
quick-exit-warning = Left by quick exit: do not contact back unasked.

nothing-open = Nothing selected
nothing-open-how = Take a session from the queue to begin.
own-sessions = My sessions
unread = { $messages } new
session = Session
session-acts = Session
session-age = open { $age }
session-lasted = lasted { $age }
session-loading = Loading the session …
session-refused = This session may not be shown to you any more.
session-closed = The session is closed.
session-closed-as = Closed: { $disposition }.
session-owned-by = { $owner } has this session now.
session-not-yours = You do not own this session any more.
session-leave = Remove from my desk
resident-here = Resident connected
resident-away = Resident not connected
resident-left = The resident has left.
contact = Contact: { $contact }
contact-call = Call
row-contact = contact
row-place = Place: { $place }, within { $metres } m
acts-offline = Off until the connection is back.
release = Give back
transfer = Transfer
transfer-to = To
transfer-queue = A queue
transfer-person = A person
transfer-which-queue = Queue
person-who = Who
person-else = Somebody who is not signed in …
person-more = { $more } more are signed in than are named here.
person-sign-in-name = Sign-in name
transfer-choose = Choose …
transfer-note = Note for the next telecommunicator
transfer-means = It keeps its first deadline and everything in it, and is complete when the other side takes it.
transfer-do = Transfer
close-session = Close session
close-act = Close
close-disposition = What it came to
close-note = Closing note (among staff)
close-means = The resident is told that the session is finished. Nothing is deleted.
close-known = Same event as { $category }, reported at { $time }.
close-known-owned = Same event as { $category }, reported at { $time }, with { $owner }.
close-known-do = Fill in: already known
close-known-note = Same event as { $category }, reported on { $time }, session { $session }.
close-do = Close session

tab-chat = Chat
tab-notes = Notes
tab-timeline = Timeline
chat = Chat with the resident
chat-empty = Nothing was written yet.
typing = is typing …
message-new = new
message-late = written { $time } before it arrived
receipt-safe = stored
receipt-kept = stored here, not yet safe
receipt-delivered = delivered
receipt-read = read
composer = Write to the resident
composer-hint = Write to the resident. Enter sends.
composer-send = Send
composer-live = The resident sees each word as you type it.
composer-offline = Not sent: no connection. Your text stays here.
composer-parts = A long text: it goes out as { $parts } messages.
composer-rest = A very long text: the first { $parts } messages go out, the rest stays here.
composer-refused = Not pasted: { $chars } characters are too many. At most { $most } fit here.
ask-for = Ask the resident for
ask-place = Ask for place
ask-photo = Ask for photo
ask-video = Ask for video
ask-audio = Ask for audio
ask-never = not asked
ask-cannot = device says no
ask-asked = asked, waiting
ask-granted = granted, not yet here
ask-refused = refused
ask-stopped = stopped
ask-flowing = arriving
ask-arrived = arrived
notes-empty = No notes yet. The resident never sees them.
note-write = Write a note
note-hint = A note among staff
note-do = Add note
note-kept = { $reason } Your note stays here.
text-over = { $over ->
    [one] One character
   *[other] { $over } characters
  } over the { $max } that fit. Nothing is cut: please shorten it.

live = Live picture and sound
live-video = Picture:
live-audio = Sound:
live-flows = arriving
live-off = off
live-empty = Nothing arrives live. Ask for video or audio beside the chat.
live-empty-watching = Nothing arrives live. Whoever owns the session can ask for it.
live-empty-closed = Nothing arrives live any more.
live-covered = A live picture is arriving. It is covered until you show it.
live-covered-audio = Live sound is arriving.
live-show = Show live picture
live-listen = Listen
live-stop = Stop receiving
live-picture = Live picture from the resident
live-failed = The live picture did not come.
live-retry = Try again
live-again = Trying again …
live-connecting = Connecting …
live-frozen = Picture lost, trying again
live-missing = No picture has come yet. Ask for a photo; the text goes on.
live-sound-only = Sound only
live-lost = The live connection was lost; the text goes on. Trying again.
live-watching = Receiving: { $telecommunicators } { $telecommunicators ->
    [one] telecommunicator
   *[other] telecommunicators
  }, { $supervisors } { $supervisors ->
    [one] supervisor
   *[other] supervisors
  }{ $responders ->
    [0] { "" }
    [one] , { $responders } responder
   *[other] , { $responders } responders
  }
talk = Talk
talk-stop = Stop talking
talk-sure = Talk all the same
talk-silent-warning = This resident must not be heard: your voice would sound there.
talk-no-microphone = The microphone was not given. The browser's site settings allow it.
watched-by = Watched by { $names }

place = Place
place-device = Device
place-service = Where help should go
place-empty = No location yet. Ask for the place beside the chat.
place-unknown = No location is known.
place-service-empty = Not set.
place-accuracy = within { $metres } m (95 %)
place-age = { $age } old
place-first = First fix: may still be rough.
place-track = { $fixes } fixes so far
place-wide = A wide circle: do not send help on this alone.
place-apart = { $metres } m from the device's latest fix
place-adopt = Use this location
place-adopted = This fix is in use
place-type = Type a place
place-latitude = Latitude
place-longitude = Longitude
place-words = In words
place-set = Set
place-copy = Copy
place-copied = Copied.
place-not-copied = The browser did not let it be copied.
place-list = All { $fixes } fixes
place-list-row = { $age } ago: { $place }, within { $metres } m
method-gnss = satellites
method-device = device
method-manual = typed
method-cell = radio cell
method-wifi = wireless networks
method-claimed = claimed by a photo
map = Map
map-loading = Loading the map …
map-failed = The map cannot be shown here. The place stands above in words.
map-fit = Show all
answers = Answers
map-background-missing = The background of the map is missing. Everything else on it is right.
map-zoom-in = Zoom in
map-zoom-out = Zoom out
map-device = device
map-circle = 95 % circle
map-service = help goes here

photos = Photos
photos-empty = No photos yet.
photo-reveal = Show photo { $number }
photo-busy = Opening …
photo-hide = Cover
photo-original = Original
photo-alt = Photo { $number } from the resident
photo-covered = Photo, covered
photo-size = Photo { $number }, larger or smaller
photo-coming = on its way
photo-preview-refused = preview refused, original on its way
photo-preview-only = preview only, original on its way
photo-stored = original sealed
photo-stored-no-copy = original sealed, cannot be shown
photo-failed = Could not be loaded.
photo-deleted = Photo { $number }, deleted
photos-deleted-agreed = The photos were deleted on { $when } by { $asked } and { $agreed }.
photos-deleted-retention = The photos were deleted on { $when } because their time was over: the agency keeps photos for { $days } days.
photos-deleted-left = What the timeline says of them stays.
words-deleted = What was written in this session was deleted on { $when } because its time was over: the agency keeps words for { $days } days.
words-deleted-left = That something happened, when and by whom, stays.
photo-seen-by = shown to { $names }
kib = { $kib } KiB
side-empty = Place, photos and live picture of a session stand here.

timeline-show = Show
timeline-find = Find in the timeline
timeline-all = Everything
timeline-messages = Messages
timeline-place = Place
timeline-media = Photos and media
timeline-standing = Standing
timeline-notes = Notes
timeline-evidence = Evidence
timeline-empty = Nothing here.
said-opened = opened the session: { $category }, language { $language }, queue { $queue }
said-opened-test = opened a TEST session: { $category }, language { $language }, queue { $queue }
said-triaged = gave priority { $priority }: { $rules }
said-category-changed = changed the category from { $from } to { $category }
said-priority-changed = changed the priority to { $priority }: { $reason }
said-text = wrote: { $text }
said-field-answered = answered “{ $label }”: { $answer }
said-note = noted: { $text }
said-located = is at { $place }, within { $metres } m
said-service-located = sends help to { $place }
said-photo-announced = announced a photo
said-photo-previewed = preview of a photo ready
said-photo-preview-refused = preview of a photo refused; the original may still come
said-photo-stored = photo original sealed, { $kib } KiB, SHA-256 { $sha }…
said-photo-refused = photo refused: { $reason }
said-photo-revealed = looked at a photo
said-photo-fetched = fetched a photo
said-original-fetched = downloaded the original of a photo
said-asked = asked for { $medium }
said-contact-given = can be reached: { $contact }
said-granted = granted { $medium }
said-not-granted = refused or stopped { $medium }
said-media-started = live { $medium } arrives
said-media-ended = live { $medium } ended: { $reason }
said-taken = took the session
said-released = back in the queue: { $reason }
said-transferred = transferred to { $target }: { $note }
said-left = left
said-left-quick = left by quick exit: do not contact back unasked
said-abandoned = the session counts as abandoned
said-returned = came back
said-closed = closed: { $disposition }. { $note }
said-overruled = { $what } (during a split; no longer counts, somebody else had moved the session on)
said-linked = linked it to incident { $incident }
said-moved = moved it from incident { $from } to incident { $incident }
said-unlinked = took it out of incident { $incident }
said-suspected = judged the suspicion at { $number }: { $reasons }
said-suspected-no-more = found nothing suspicious any more
said-report-link-made = made a link to report, which ends at { $ends } unless it is opened
said-report-link-opened = opened the link: { $category }, language { $language }
said-report-link-revoked = revoked the link before it was opened
said-responder-link-made = made a link for responders{ $note ->
    [none] { "" }
   *[other] {" "}({ $note })
  }, until { $ends }
said-responder-link-opened = { $name } opened the link for responders
said-responder-link-revoked = revoked a link for responders
said-hold-placed = put the session on hold: { $reason }
said-hold-lifted = lifted a hold: { $reason }
said-export-requested = asked for an export of the session: { $reason }
said-custody-agreed = agreed to what was asked for
said-custody-declined = declined what was asked for: { $reason }
said-exported = was sent the export of the session
said-delete_photos-requested = asked to delete the photos of the session: { $reason }
said-photos-deleted-agreed = deleted the photos of the session ({ $photos }) as the second person
said-photos-deleted-retention = deleted the photos of the session ({ $photos }) by retention, after { $days } days
said-photos-destroyed = the deleted photos are destroyed{ $shared ->
    [0] { "" }
   *[other] {"; "}other sessions have { $shared } of them too, and keep them
  }
said-words-deleted = Words destroyed: the agency’s time of { $days } days was over
said-words-destroyed = nothing of what was written is left in the store; { $entries } entries have lost something
said-destroyed-text = a message, destroyed
said-destroyed-located = a place of the device, destroyed
said-destroyed-service-located = a place where help should go, destroyed
said-destroyed-contact-given = how the resident could be reached, destroyed
said-destroyed-note = a note, destroyed
said-destroyed-field-answered = an answer, destroyed
said-watched = { $staff } ({ $role }) watches
said-seen = has seen everything up to entry { $seq }
medium-place = place
medium-photo = photo
medium-video = video
medium-audio = audio
media-end-stopped = stopped by the resident
media-end-lost = link lost
media-end-session_ended = session ended
release-given_back = given back
release-console_lost = console lost
release-taken_away = taken away by a supervisor
disposition-help_sent = Help was sent
disposition-advice_given = Advice given, nothing sent
disposition-handed_over = Handed to another agency
disposition-duplicate = Already known
disposition-no_contact = Nobody could be reached
disposition-no_action_needed = Nothing to do
disposition-test = Test

keys = Keys
key-next = take next
key-take = take the selected one
key-find = find in the list
key-chat = the chat
key-session = go to my session 1 to 9
key-rows = move in the list
key-send = send
key-escape = leave a field, close, deselect
key-sheet = all keys
keys-typing = Single keys are off while you type.

error-no_answer = The gateway does not answer. Try again.
error-sign_in_refused = Name or passphrase is wrong.
error-sign_in_slowed = Too many tries: wait a moment.
error-sign_in_late = Signing in took too long. Press the button again.
error-sign_in_lost = This sign-in was begun in another window, or is over already. Press the button again.
error-provider_refused = Your agency's sign-in service did not let you in. Try again, or ask whoever looks after your account.
error-provider_untrusted = The answer of your agency's sign-in service cannot be trusted, so nobody was signed in. Tell whoever runs the gateway.
error-provider_unavailable = Your agency's sign-in service does not answer. Try again in a moment; if it stays away, tell whoever runs the gateway.
error-clock_differs = The clocks of the gateway and of your agency's sign-in service differ. Tell whoever runs the gateway: nobody can sign in until they agree.
error-no_role = Your account has no role here. Ask your supervisor or administrator for one, then press the button again.
error-no_staff_name = Your account has no name that can be used here. Tell whoever runs the gateway.
error-no_provider = This agency has no sign-in service. Sign in with name and passphrase.
error-keeps_nothing = This browser keeps nothing for this page, and this way of signing in needs it for a moment. Allow the page to store data, then press the button again.
error-token_expired = The sign-in has expired.
error-token_invalid = Sign in again.
error-not_allowed = Your role may not do this.
error-already_taken = Somebody else has taken the session.
error-not_owner = Only the owner of the session may do this.
error-nothing_waits = No session waits.
error-no_such_session = There is no such session.
error-session_closed = The session is closed.
error-no_such_agency = This agency is not served here. Check the address, or try again in a moment.
error-no_such_target = There is no such queue or person.
error-no_such_node = There is no such node, or it is gone.
error-nowhere_to_go = There is no other node that residents could go to. Nothing was changed.
error-out_of_range = A value is out of range.
error-no_consent = The resident has not agreed to this.
error-no_media = Nothing is being sent live.
error-media_busy = No live connection is free. Try again in a moment.
error-media_refused = The live connection could not be set up.
error-location_impossible = The place is impossible.
error-text_too_long = The text is too long: send it in parts.
error-text_empty = The text is empty.
error-store_unavailable = It could not be stored yet. Try again.
error-photo_too_large = The photo is too large.
error-photo_type_refused = This type of file is not taken.
error-photo_unreadable = The picture cannot be read.
error-no_such_photo = There is no such photo.
error-no_such_link = There is no such link.
error-link_used = The link was opened already.
error-link_expired = The link has expired.
error-link_revoked = The link was revoked.
error-too_many_links = No more links fit in this session.
error-no_such_hold = There is no such hold, or it has been lifted.
error-too_many_holds = No more holds fit on this session.
error-no_such_request = There is no such request for you, or its time is over.
error-request_open = The same has been asked for already.
error-own_request = Somebody else has to agree.
error-session_open = The session is not closed.
error-on_hold = The session is on hold: nothing of it is destroyed.
error-photo_deleted = The photos of this session were deleted.
error-internal = Something went wrong on our side. Try again.
error-wrong_order = This cannot be done now. Look at where the session stands.
error-too_fast = Too much at once. Wait a moment, then try again.
error-going_down = The gateway is restarting. Try again in a moment.
error-node_full = The gateway has no room for another connection. Try again in a moment.
error-deadline = The gateway took too long to answer. Try again.
error-too_long = This is too much to be sent at once.
error-too_old = It is older than seven days.
error-time_in_future = Its time lies in the future.
error-id_reused = The gateway took this for something that was sent before. Load the page again, then try once more.
error-unknown_kind = The gateway does not know how to do this: it may be older than this page. Load the page again.
error-malformed_message = The gateway could not read what this page sent. Load the page again.
error-too_deep = The gateway could not read what this page sent. Load the page again.
error-wrong_frame = The gateway could not read what this page sent. Load the page again.
error-origin_refused = The gateway takes nothing from a page at this address. Tell whoever runs it.
error-other = Refused: { $code }.

# Keys, sounds, windows and what else a shift needs.
theme-contrast = High contrast
yes = Yes
no = No
other-window = { $name } is signed in in another window of this browser.
other-window-go = Go on as { $name }
newer-page = A newer version of this page is ready. It comes by itself when you own no session.

alarms = What must be told
alarms-unknown = No connection: what is new is not known.
alarms-none = No new session. All quiet.
alarms-not-available = You are not available: nothing new is offered to you.
alarms-none-waiting = { $waiting ->
    [one] No new session; 1 waits.
   *[other] No new session; { $waiting } wait.
  }
alarm-offer = { $category } waits
alarm-assigned = { $category }: handed to you
alarm-message = { $category }: the resident wrote
alarm-quiet = { $category }: nothing heard from the resident
alarm-timer = { $category }: your timer has run out
alarm-act-offer = Take the next
alarm-act-assigned = Take it
alarm-act-message = Open
alarm-act-quiet = Open
alarm-act-timer = End timer
alarm-heard = Heard
alarm-left = { $time } left
alarm-more = and { $count } more waiting:
alarm-more-kinds = and { $count } more:

sound = Sound
sound-off = SOUND OFF
sound-on = The sound is on.
sound-blocked = The browser waits for a press before it lets anything sound.
sound-muted = The volume is 0, or nothing was heard in the test. You will not hear new sessions.
sound-missing = This browser has no sound. You will not hear new sessions.
sound-unlock = Turn sound on
sound-mend = Set volume and test
sound-volume = Volume
sound-test = Test each sound
sound-level = Signal that leaves this page
sound-heard-question = Did you hear it?
sound-snoozed = Sound snoozed
sound-snoozed-for = for another { $time }: { $reason }
sound-wake = Sound on now
tone-message = New message
tone-quiet = Silent too long
tone-timer = Timer
snooze = Snooze all sounds for
snooze-minutes = { $minutes } min
snooze-reason = Why (is written down)
snooze-means = It ends by itself. The strip above keeps showing what is new.
snooze-do = Snooze
snooze-note = Sound snoozed for { $minutes } min: { $reason }
snoozes = Snoozes on this machine

windows = Windows
panel-overview = All sessions on a map
panel-queue = Queue
panel-session = Session
panel-map = Map
panel-media = Photos and live picture
panel-timeline = Timeline
panel-of = – console of { $name }
panel-shared = Shares the console's connection
panel-empty = Nothing lies open in the console.

list-fresh = { $count } new
list-longest = longest wait { $time }
list-held = held still
list-island = Part of the system cannot be reached.
list-island-kept = The list may lack what happens elsewhere. Go on: what is written is kept here and reaches the others later.
row-taken = taken by { $owner }
row-gone = waits no more
ask-sure = Ask all the same?
message-where = Where
place-of-message = Written at { $time }: place known within { $metres } m, { $age } apart; { $away } m from the latest fix.
place-mark = Show
exposure = Revealed pictures in view today on this machine: { $time }
photo-hand = To a colleague
photo-hand-title = Hand photo { $number } to a colleague
photo-hand-note = Please look at photo { $number }: it was not opened here.
photo-hand-note-seen = Please look at photo { $number }.
live-hear = Sound on
live-mute = Sound off
timeline-system = System lines
timer = Timer
timer-end = end
timer-over = { $time } over
translated = translated by a machine
translation-missing = The resident writes in { $language }. This browser has no translator.
translation-offered = The resident writes in { $language }.
translation-busy = Getting the translator ready …
translation-on = Translated from { $language } on this machine, by a machine. The original counts.
translation-failed = The translator did not start.
translation-do = Translate

ready = Ready sentences
ready-1 = You have reached the emergency service. I am reading what you write.
ready-2 = Help is on its way to you.
ready-3 = Are you safe where you are now?
ready-4 = What is the exact address, floor or nearest crossing?
ready-5 = Is anybody hurt? How many people?
ready-6 = Can you talk, or must you stay silent?
ready-7 = Stay where you are and keep this page open.
ready-8 = Leave the building now if you can do so safely.
ready-9 = Are you still there? Write any letter.

keys-on = Single keys are on
keys-reset = First keys again
keys-were-reset = All keys are as they were at first.
keys-press = Press the new key, or Esc.
keys-changed = Changed to { $key }.
keys-taken = { $key } is used for something else already.
keys-unusable = { $key } cannot be used: one letter or sign, not a digit.
keys-change = { $action }: key { $key }, change it
key-group-queue = Queue
key-group-session = Session
key-group-asks = Ask and talk
key-group-beside = Place and photos
key-group-desk = Desk
key-group-fixed = Always
key-acknowledge = heard: stop this sound
key-go = do what the strip offers
key-fresh = show the new ones
key-write = write to the resident
key-ready = ready sentences
key-notes = write a note
key-timeline = timeline
key-history = system lines
key-why = why this priority, and what is suspicious
key-priority = change the priority
key-transfer = transfer
key-responders = links for responders
key-release = give it back
key-timer = set a timer, and end it
key-leave = remove it from my desk
key-close = close the session
key-place = ask for the place
key-photo = ask for a photo
key-video = ask for video
key-audio = ask for audio
key-talk = talk, and stop
key-adopt = use the device's location
key-reveal = show the next covered photo
key-hand = hand it to a colleague
key-show = show the live picture, and stop receiving
key-link = same event: link to the selected or suggested one
key-unlink = undo the link, or take it out of its incident
key-available = be available
key-sound = sound and snooze
key-alt = ready sentence while writing

overview-sum = { $sessions ->
    [one] 1 open session
   *[other] { $sessions } open sessions
  }, { $placed } with a place
overview-nowhere = no place yet
overview-piles = Many in one place
overview-pile = sessions in one place
overview-piled = { $sessions ->
    [one] 1 session in this place
   *[other] { $sessions } sessions in this place
  }
overview-all = Show all sessions
overview-empty = No session is open.
overview-whole = Show all { $sessions }
overview-chosen = chosen
overview-tied = may be the same event
overview-bound = same incident
overview-small = Small: somebody has it.
near = May be the same event
near-apart = { $metres } m away, { $minutes ->
    [0] at the same minute
    [one] 1 min { $before ->
        [yes] before
       *[no] after
      }
   *[other] { $minutes } min { $before ->
        [yes] before
       *[no] after
      }
  }
near-waiting = waits
near-owned = owned
near-abandoned = abandoned
near-closed = closed
near-more = { $more } more near here
near-none = Nothing like it was reported near here in the half hour around it.
near-nowhere = Without a place nothing can be said about what is near.
near-means = A suggestion from place, time and kind. Nothing is joined by itself.

incident = Incident
incident-tag = { $sessions ->
    [0] Incident
   *[other] Incident · { $sessions }
  }
incident-means = { $sessions ->
    [0] Belongs to an incident. None of its sessions is open any more.
    [one] Belongs to an incident. One of its sessions is open.
   *[other] { $sessions } open sessions report this event.
  }
incident-first = first report
incident-this = this one
incident-away = { $metres } m away
incident-more = { $more } more
incident-map = On the map
incident-only = Only these
same = Same event
same-move = Same event: move this one there
same-open = Same event as my open session
same-linked = Linked as one event.
same-unlinked = Taken out of the incident.
same-back = Taken back.
same-undo = Undo
same-out = Take this one out

responders = Links for responders
responders-act = Responders
responders-means = Whoever has the link, and types a name, follows this session read only: priority, places, messages, photos and the live picture. No note, contact or name of staff.
responders-life = It lives for
responders-minutes = { $minutes } min
responders-hours = { $hours } h
responders-for = For whom (not needed)
responders-make = Make the link
responders-made = The link is ready. It is shown this once: copy it and send it to the unit.
responders-link = Link
responders-copy = Copy the link
responders-copied = Copied.
responders-not-copied = It could not be copied: select it and copy it by hand.
responders-list = Links of this session
responders-none = No link was made yet.
responders-full = No more links fit in this session: { $links } were made.
responders-by = Made by { $staff } at { $time }
responders-ends = ends in { $left }, at { $time }
responders-expired = expired at { $time }
responders-revoked = revoked by { $staff } at { $time }
responders-closed = ended with the session
responders-opened = Opened by
responders-opened-row = { $name }, { $time }
responders-unopened = Nobody has opened it.
responders-revoke = Revoke
responders-revoke-which = Revoke the link { $which }
responders-was-revoked = Revoked: whoever had it open was cut off at once.
responders-close-ends = Closing the session ends all its links.

invite = Send a link
invite-means = For somebody who called by voice: they open the link, and their report is yours at once. It works once, on the first device that opens it, until the time that stands below it.
invite-make = Make the link
invite-made = The link is made. Send it, or let it be scanned.
invite-how = Copy it into your message to them, or have the code scanned. It is shown here only, and only now.
invite-address = Link
invite-qr = The link as a QR code
invite-waits = Not opened yet · ends in { $left }, at { $time }
invite-ended = Not opened, and expired at { $time }. Make another one.
invite-opened = Opened. The report is in your sessions.
invite-revoked = Revoked. The link opens nothing any more.
invite-revoke = Revoke the link
invite-another = Make another link
invite-go = Go to the report
awaited = link not opened
awaited-until = Nobody has opened the link yet. It ends in { $left }, at { $time }.
awaited-ended = Nobody has opened the link, and it has expired. Close the session, or revoke the link.
key-invite = send a link to report
part-old-page = This part of the page could not be fetched: the page is old or cut off. Load it again when no session is open.
