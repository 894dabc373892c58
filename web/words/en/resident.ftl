title = Report an emergency
title-plain = Notes
exit = Exit now
exit-hint = “Exit now” leaves this page at once. You can also press Shift three times. It does not clear your history, and it does not stop someone who watches this device.
exit-once-more = Press Shift once more to leave this page.
exit-gone = You have left the page.
test = TEST
test-means = This is a test. Nobody sends help.
call = Call { $number }
help-heading = About this page
language = Language
language-failed = This language did not load. Check the network, or load the page again.

begin-question = What is happening?
begin-hint = One tap starts. You can add words, your place and photos after that.
begin-call = Can you talk? Calling { $number } is faster. If not, write here.
carried = { $count ->
    [one] { $count } thing you wrote before goes along with the new report.
   *[other] { $count } things you wrote before go along with the new report.
}
category-medical = Someone is hurt or ill
category-fire = Fire or smoke
category-violence = Someone is attacked
category-property_crime = Theft or damage
category-traffic = Road crash
category-hazard = Flood, storm or danger
category-missing_person = Someone is missing
category-welfare = Worried about someone
category-other = Something else
category-change = Change
category-now = Now: { $category }
silent-offer = I cannot talk
silent-offer-hint = Silent mode: no sound, a dark screen, nothing kept on this device.
silent-on = Silent mode. No sound. Copies wait in memory only: do not reload this page.
silent-told = I cannot talk now. Please make no sound.
silent-yes = Yes
silent-no = No

link-connecting = Connecting …
link-waiting = Still trying to reach us. What you write is kept here.
link-short = No link right now. Still trying.
link-stopped-window = This report is open in another window.
link-stopped = The connection was ended.
link-stopped-old = This page is too old. Load it again. What you wrote stays here.
later-failed = Your report is on its way. This page did not load fully.
link-reload = Load again
link-here = Use it here
link-now = Try now
catching-up = Catching up …
waiting-items = { $count ->
    [one] { $count } item waiting on this device
   *[other] { $count } items waiting on this device
}
keep-memory = This device lets us keep no copies. Do not close or reload this page.
keep-full = This device has no room left for copies. What you write is still sent. Do not close this page.
awake-refused = Keep this page open and the screen on. This device may switch it off.
less-auto = Slow link: words go first, then your place, then photos. Video is small.
less-chosen = You send less: words go first, then your place, then photos. Video is small.

queue-place = You are number { $place } in line.
queue-far = Many people are waiting. You are in line.
queue-late = It takes longer than usual. You keep your place.
queue-unstaffed = Nobody is at the desk right now. Your report is kept. It is read first when they are back. If you can, call { $number }.
queue-waiting = You are in line. Someone will read this.
standing-owned = A person is with you now.
standing-abandoned = You were away. They have your report.
next-heading = What happens next
next-line = Your report waits in line. The most urgent go first.
next-read = A trained person reads it and writes back here.
next-ask = They may ask for your place, a photo or your camera. You can say no.

place-heading = Your place
place-short = Place
photo-place = This photo says where it was taken. Send that place too?
photo-place-why = The photo itself goes as it is, with a Yes or a No.
place-question = May we see where you are?
place-why = It helps to send help to the right spot. It is not your camera.
place-yes = Yes, share my place
place-no = No
place-looking = Looking for your place …
place-on = Shared. Correct to within { $metres } m.
place-age = Found { $seconds ->
    [0] just now
    [one] { $seconds } second ago
   *[other] { $seconds } seconds ago
}.
place-source = From this device.
place-stop = Stop sharing
place-denied = This page may not see your place. Allow it in the settings of your browser, or type the place below.
place-unavailable = No place found yet. You can type it below.
place-unsupported = This device cannot tell its place. You can type it below.
place-type = Type it
place-move = Move it
place-type-label = Where is it? Street, number, floor, landmark
place-type-send = Send place
place-typed = Place: { $words }
place-shared = My place, within { $metres } m
place-moved = Place set by you, within { $metres } m
move-hint = Move the place with these buttons or the arrow keys.
move-north = { $metres } m north
move-south = { $metres } m south
move-west = { $metres } m west
move-east = { $metres } m east
move-step = One press moves it
metres = { $metres } m
latitude = Latitude
longitude = Longitude
move-by = { $metres } m from where this device says.
move-impossible = This is no place on earth. Check the two numbers.
move-send = Send this place
place-again = Share my place

contact-question = If this page closes, may we call you?
contact-why = Only about this report. You do not have to say.
contact-label = Your phone number
contact-send = Send my number
contact-skip = No
contact-given = They can call { $contact } if this page closes.

field-why = Answer only if you can. Your report is on its way.
field-skip = Skip
fields = Answer what they ask, or change an answer:
field-as-message = Send it as a message

photo-add = Photo
photo-send = Send a photo
photo-instead = Your link is slow. A photo gets through better than video.
photo-name = Photo, { $size }
photo-kept = Original waits on this device
photo-uploading = Original { $percent } %
photo-checking = Original is being checked
photo-stored = Original stored
photo-refused = Photo refused: { $reason }

camera = Camera
camera-question = May they see your camera, live?
camera-why = You see who watches. One tap stops it.
camera-yes = Yes, show my camera
microphone = Microphone
microphone-short = Mic
microphone-question = May they hear your microphone, live?
microphone-why = They can talk to you, too. One tap stops it.
microphone-yes = Yes, let them hear
no = No
cancel = Cancel
yes = Yes
live-starting = Connecting live …
live-flowing = Live
live-again = Paused. Trying again. Text goes on.
live-opening = Say yes when the browser asks.
live-opening-slow = It has not started yet. Look for a question of your browser. You can send a photo instead.
live-lost = This device took it away. It comes back by itself.
live-resting = Your picture waits. Words and photos go first on this slow link.
live-dark = Your camera gives no picture. Try the other camera, or send a photo.
live-camera-on = Your camera is on
live-microphone-on = Your microphone is on
live-stop-camera = Stop camera
live-stop-microphone = Stop microphone
live-stop-all = Stop
live-flip = Other camera
live-light = Light
live-own = Your own camera picture
live-voice = Voice of the telecommunicator
live-failed-denied = { $medium ->
    [audio] This page may not use the microphone. Allow it in the settings of your browser and try again, or write here.
   *[other] This page may not use the camera. Allow it in the settings of your browser and try again, or send a photo.
}
live-failed-missing = { $medium ->
    [audio] This device has no microphone that we can find. Write here.
   *[other] This device has no camera that we can find. You can send a photo instead.
}
live-failed-busy = { $medium ->
    [audio] The microphone could not start. Another app may use it. Try again, or write here.
   *[other] The camera could not start. Another app may use it. Try again, or send a photo.
}
watching-nobody = Nobody watches yet.
not-recorded = It is not recorded.
watching = Watching: { $telecommunicators ->
    [0] { "" }
    [one] { $telecommunicators } telecommunicator
   *[other] { $telecommunicators } telecommunicators
}{ $both ->
    [yes] {", "}
   *[no] {""}
}{ $supervisors ->
    [0] { "" }
    [one] { $supervisors } supervisor
   *[other] { $supervisors } supervisors
}{ $more ->
    [yes] {", "}
   *[no] {""}
}{ $responders ->
    [0] { "" }
    [one] { $responders } responder on the way
   *[other] { $responders } responders on the way
}

ask-place = They ask for your place.
ask-photo = They ask for a photo.
ask-video = They ask to see your camera, live.
ask-audio = They ask to hear your microphone, live.
ask-photo-yes = Yes, choose a photo

text-label = Tell us what you see
text-hint-live = They can read it while you type.
text-send = Send
text-live = Send as I type
text-parts = A long text: it goes out in { $parts } parts.
text-held = This text is very long. It goes out in pieces: press Send for each.
text-clear = Clear the field
text-rest = This text is too long to send at once. The first { $parts } parts are sent. The rest is still in the field.
below = Something new below
log-heading = Your report
log-empty = Nothing written yet. Start with a few words.
times = Exact times
time-now = just now
typing = The telecommunicator is typing:
from-me = You
from-telecommunicator = Telecommunicator
from-supervisor = Supervisor
from-auditor = Staff
from-administrator = Staff
from-resident = You
from-gateway = Callbox

safety-device = On this device
safety-stored = Stored, not yet safe
safety-safe = Safe
safety-refused = Not taken
attention-none = Not delivered yet
attention-delivered = Delivered
attention-seen = Seen

fact-taken = A telecommunicator reads your report now.
fact-released = You are back in line. You keep your place.
fact-transferred = Your report goes to another desk.
fact-left = You left.
fact-abandoned = You were away before an answer.
fact-returned = You are back.
fact-closed = The report was closed.
fact-words_deleted = What was written in this report has been deleted: its time was over.
fact-asked-place = They asked for your place.
fact-asked-photo = They asked for a photo.
fact-asked-video = They asked for your camera.
fact-asked-audio = They asked for your microphone.
fact-granted-place = You agreed to share your place.
fact-granted-photo = You agreed to a photo.
fact-granted-video = You agreed to show your camera.
fact-granted-audio = You agreed to let them hear.
fact-denied-place = Your place is not shared.
fact-denied-photo = No photo.
fact-denied-video = Your camera is not shared.
fact-denied-audio = Your microphone is not shared.

leave = Leave the report
leave-question = Leave this report? They keep what you sent.
leave-yes = Yes, leave
choices = More choices
data-now-full = Sends everything
data-now-less = Sends less
data-question = How much to send
data-auto = You choose for me
data-less = Send less
data-full = Send everything
data-order = Words always go first, then your place, photos and video.
signs = I sign: my picture goes before sound
left-heading = You left the report
left-text = They have what you sent. You can come back as long as it is open.
left-back = Come back
over-heading = This report is closed
over-text = They have finished it. If you need help again, start a new one or call { $number }.
over-lost = This report is no longer known here. Start a new one or call { $number }.
over-carried = { $count ->
    [one] { $count } thing did not reach us. It goes along with your new report.
   *[other] { $count } things did not reach us. They go along with your new report.
}
over-new = New report
draft-heading = You had begun to write
draft-back = It was not sent. It stands in the field when you come back.
draft-new = It was not sent. It stands in the field of your new report.
trouble = Something was refused: { $reason }

error-text_too_long = The text is too long. Send it in parts.
error-photo_too_large = This file is too large to send. Take a new photo with this page, or send a screenshot of it.
error-photo_type_refused = This is not a photo we can take. Send a photo, or a screenshot of it.
error-photo_unreadable = This photo cannot be opened. Take a new one, or send a screenshot of it.
error-too_many_photos = No more photos fit in this report.
error-too_many_changes = You have changed this often. Send a message that says what is right.
error-no_such_field = This is not asked any more. Nothing is lost: your words stand here. Send them as a message.
error-no_such_choice = This can no longer be chosen. Nothing is lost: your words stand here. Send them as a message.
error-session_closed = The report is closed. Start a new one: it goes along.
error-key_refused = We could not tell which device this is. Start a new report.
error-no_such_session = This report is no longer known here. It may have been deleted because its time was over.
error-no_such_agency = This centre cannot be reached here right now. It is tried again by itself. If you can talk, call.
error-too_fast = Too much at once. It is sent again by itself.
error-store_unavailable = We cannot store it right now. It is sent again by itself.
error-text_empty = The text was empty.
error-location_impossible = This is no place on earth.
error-too_old = It is older than 7 days.
error-media_refused = This browser cannot send live video. Send a photo instead.
error-media_busy = No room for live video right now. Send a photo instead.
error-no_consent = Your yes has ended. Say yes again to go on.
error-other = It was not taken ({ $code }).

# A link that a telecommunicator made for this person.
invited-heading = { $agency } asks for your report
invited-who = The person you talk to made this link for you.
invited-seen = Press Start. A report opens, and they see it at once.
invited-asked = You can write. Your place, photos and camera stay off until you say yes.
invited-once = The link works once, on this phone. Nothing is installed.
invited-start = Start
invited-not-you = Not for you?
invited-without = Report without the link
invited-ask-again = Ask the person you talked to for a new link. Or report without it: that reaches the same place.
invited-link_used = This link was used already
invited-link_expired = This link has expired
invited-link_revoked = This link was taken back
invited-session_closed = The report of this link is closed
invited-no_such_link = This link is not whole
invited-busy = You have a report open here. The link was not used: it waits until this report is over.
invited-after = A link for a new report is here.
invited-use = Use the link
error-link_used = This link was used already.
error-link_expired = This link has expired.
error-link_revoked = This link was taken back.
error-no_such_link = This link is not whole.
