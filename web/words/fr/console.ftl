# Mots du pupitre et de ce qu'il partage avec la page du superviseur.
console-title = Pupitre
dismiss = Masquer
close-dialog = Retour
open = Ouvrir
areas = Zones
side = Lieu et médias
language = Langue
language-choose = Langue de cette page
language-failed = { $language } ne peut pas être chargé maintenant. Choisissez-le à nouveau quand la connexion sera rétablie.
theme-choose = Thème
theme-system = Thème du système
theme-light = Clair
theme-dark = Sombre

sign-in-agency = Centre
sign-in-name = Nom
sign-in-passphrase = Phrase secrète
sign-in-do = Se connecter
sign-in-busy = Connexion …
menu = Menu
sign-in-with = Se connecter avec { $provider }
sign-in-or = Ou avec nom et phrase secrète
sign-out = Se déconnecter
ends-soon = Votre connexion prend fin à { $time }.
ends-kept = Reconnectez-vous maintenant : ce que vous avez commencé reste.
ends-again = Se reconnecter
again-done = Vous êtes reconnecté. Cette fenêtre peut être fermée.
again-other = Vous vous êtes connecté en tant que { $name }. Les autres fenêtres restent à { $before }, dont la connexion prend toujours fin.
ended-sign-in-again = La session de travail a expiré. Reconnectez-vous.
ended-replaced = Ce pupitre a été ouvert dans une autre fenêtre, qui a pris le relais.
old-page = La passerelle a changé et cette page date d’avant. Chargez-la de nouveau.
old-page-kept = Vous restez connecté et ce que vous aviez commencé à écrire est gardé.
old-page-alone = Elle se charge d’elle-même dans un instant.
old-page-load = Charger de nouveau

link-open = Connecté
link-connecting = Connexion …
link-down = Non connecté
link-lost = Connexion perdue.
link-lost-as-of = Ce que vous voyez date de { $time }.
link-lost-off = Les actions sont coupées jusqu'au retour ; ce que vous tapez est gardé.
link-lost-again = Prochain essai dans { $seconds } s.
link-lost-trying = Essai en cours …
link-lost-now = Essayer maintenant

own-state = Mon état
state-available = Disponible
be-available = Je suis disponible
state-because = Non disponible : { $reason }
reason-break = Pause
reason-wrap_up = Fin de traitement
reason-training = Formation
reason-just_signed_in = Vient de se connecter
reason-other = Autre raison

priority-1 = Vie en danger
priority-2 = Urgent
priority-3 = Rapide
priority-4 = Courant
priority-5 = Information
priority-change = Changer la priorité
priority-short = Priorité
priority-new = Nouvelle priorité
priority-reason = Pourquoi (reste au dossier)
priority-do = Changer

category-medical = Médical
category-fire = Incendie
category-violence = Violence
category-property_crime = Vol ou dégâts
category-traffic = Circulation
category-hazard = Danger
category-missing_person = Personne disparue
category-welfare = Inquiétude
category-other = Autre

role-resident = habitant
role-telecommunicator = opérateur
role-supervisor = superviseur
role-auditor = auditeur
role-administrator = administrateur
role-wallboard = tableau mural
role-responder = intervenant
who-resident = Habitant
who-staff = Opérateur
who-gateway = Passerelle
who-you = Vous

queue = File
queue-find = Chercher dans la liste
queue-lists = Listes
list-waiting = En attente
list-mine = À moi
list-abandoned = Abandons
list-closed = Closes
list-loading = Chargement …
list-nothing-found = Rien ne correspond. Échap quitte le champ.
list-waiting-empty = Aucune session n'attend.
list-waiting-last = La dernière est arrivée à { $time }.
list-mine-empty = Vous n'avez aucune session. Prenez la suivante pour commencer.
list-abandoned-empty = Aucune session abandonnée.
list-closed-empty = Aucune session close pour l'instant.
list-more = { $more ->
    [one] Une autre attend
   *[other] { $more } autres attendent
  } au-delà.
list-older = Sessions plus anciennes
catching-up = Rattrapage …
take-next = Prendre la suivante
take = Prendre celle-ci
take-abandoned = Prendre, pour recontacter
take-quick-exit = Prendre, sans recontacter
taken-by = Déjà prise : { $owner } l'a.
duress = CONTRAINTE
duress-means = Le mot de contrainte de l’agence a été écrit : la personne est peut-être surveillée
live-not-recorded = Les images en direct ne sont pas enregistrées.
silent = SILENCE
on-hold = CONSERVÉE
on-hold-means = Un superviseur a ordonné sa conservation : rien n’en est détruit
test = TEST
row-messages = { $messages ->
    [0] aucun texte
    [one] { $messages } message
   *[other] { $messages } messages
  }
row-photos = { $photos ->
    [one] { $photos } photo
   *[other] { $photos } photos
  }
row-located = lieu
row-video = direct
row-owner = avec { $owner }
row-reserved = pour { $staff }
row-away = non connecté
row-quick-exit = parti par sortie rapide
wait-of = sur { $time }
wait-over = { $time } de trop
why = Pourquoi cette priorité
category-was = avant : { $category }
why-press = Pourquoi ?
why-person = Fixée par une personne
why-none = Aucune règle : valeur par défaut du centre.
suspicion = Suspicion
suspicion-low = léger doute
suspicion-medium = douteux
suspicion-high = très douteux
suspicion-why = Ce qui rend suspect
suspicion-means = À vous d’en juger : cela ne change ni l’ordre ni la priorité, et la personne n’en sait rien.
suspicion-sessions = (au moins { $sessions } sessions)
suspicion-outside = (au moins { $km } km au-delà de sa limite)
keeps-nothing = Ce navigateur ne garde rien. Après un rechargement, il faut se reconnecter, et ce qui était commencé est perdu.
quick-exit-warning = Parti par sortie rapide : ne pas recontacter sans demande.

nothing-open = Rien de choisi
nothing-open-how = Prenez une session dans la file pour commencer.
own-sessions = Mes sessions
unread = { $messages ->
    [one] { $messages } nouveau
   *[other] { $messages } nouveaux
  }
session = Session
session-acts = Session
session-age = ouverte { $age }
session-lasted = a duré { $age }
session-loading = Chargement de la session …
session-refused = Cette session ne peut plus vous être montrée.
session-closed = La session est close.
session-closed-as = Close : { $disposition }.
session-owned-by = { $owner } a maintenant cette session.
session-not-yours = Cette session n'est plus à vous.
session-leave = Retirer de mon pupitre
resident-here = Habitant connecté
resident-away = Habitant non connecté
resident-left = L'habitant est parti.
contact = Contact : { $contact }
contact-call = Appeler
row-contact = contact
row-place = Lieu : { $place }, à { $metres } m près
acts-offline = Coupé jusqu'au retour de la connexion.
release = Rendre
transfer = Transférer
transfer-to = Vers
transfer-queue = Une file
transfer-person = Une personne
transfer-which-queue = File
person-who = Qui
person-else = Quelqu’un qui n’est pas connecté …
person-more = { $more } autres sont connectés et ne sont pas nommés ici.
person-sign-in-name = Nom de connexion
transfer-choose = Choisir …
transfer-note = Note pour l'opérateur suivant
transfer-means = Elle garde sa première échéance et tout son contenu ; c'est fait quand l'autre côté la prend.
transfer-do = Transférer
close-session = Clore la session
close-act = Clore
close-disposition = Résultat
close-note = Note de clôture (entre nous)
close-means = L'habitant apprend que la session est finie. Rien n'est effacé.
close-known = Même événement que { $category }, signalé à { $time }.
close-known-owned = Même événement que { $category }, signalé à { $time }, chez { $owner }.
close-known-do = Remplir : déjà connu
close-known-note = Même événement que { $category }, signalé le { $time }, session { $session }.
close-do = Clore la session

tab-chat = Échange
tab-notes = Notes
tab-timeline = Chronologie
chat = Échange avec l'habitant
chat-empty = Rien n'a encore été écrit.
typing = écrit …
message-new = nouveau
message-late = écrit { $time } avant son arrivée
receipt-safe = enregistré
receipt-kept = enregistré ici, pas encore sûr
receipt-delivered = reçu
receipt-read = lu
composer = Écrire à l'habitant
composer-hint = Écrire à l'habitant. Entrée envoie.
composer-send = Envoyer
composer-live = L'habitant voit chaque mot pendant que vous tapez.
composer-offline = Non envoyé : pas de connexion. Votre texte reste ici.
composer-parts = Texte long : il part en { $parts } messages.
composer-rest = Texte très long : les { $parts } premiers messages partent, le reste demeure ici.
composer-refused = Non collé : { $chars } caractères, c’est trop. Au plus { $most } tiennent ici.
ask-for = Demander à l'habitant
ask-place = Demander le lieu
ask-photo = Demander une photo
ask-video = Demander la vidéo
ask-audio = Demander le son
ask-never = pas demandé
ask-cannot = l'appareil ne peut pas
ask-asked = demandé, en attente
ask-granted = accordé, pas encore là
ask-refused = refusé
ask-stopped = arrêté
ask-flowing = arrive
ask-arrived = arrivé
notes-empty = Pas encore de note. L'habitant ne les voit jamais.
note-write = Écrire une note
note-hint = Une note entre nous
note-do = Ajouter
note-kept = { $reason } Votre note reste ici.
text-over = { $over ->
    [one] Un caractère
   *[other] { $over } caractères
  } de plus que les { $max } possibles. Rien n’est coupé : raccourcissez, s’il vous plaît.

live = Image et son en direct
live-video = Image :
live-audio = Son :
live-flows = arrive
live-off = à l'arrêt
live-empty = Rien n'arrive en direct. Demandez la vidéo ou le son à côté de l'échange.
live-empty-watching = Rien n'arrive en direct. Qui a la session peut le demander.
live-empty-closed = Plus rien n'arrive en direct.
live-covered = Une image arrive en direct. Elle reste couverte jusqu'à ce que vous la montriez.
live-covered-audio = Du son arrive en direct.
live-show = Montrer l'image
live-listen = Écouter
live-stop = Ne plus recevoir
live-picture = Image en direct de l'habitant
live-failed = L'image en direct n'est pas venue.
live-retry = Réessayer
live-again = Nouvel essai …
live-connecting = Connexion …
live-frozen = Image perdue, nouvel essai
live-missing = Aucune image n’est encore venue. Demandez une photo ; le texte continue.
live-sound-only = Son seulement
live-lost = La liaison en direct est perdue ; le texte continue. Nouvel essai.
live-watching = Reçoivent : { $telecommunicators } { $telecommunicators ->
    [one] opérateur
   *[other] opérateurs
  }, { $supervisors } { $supervisors ->
    [one] superviseur
   *[other] superviseurs
  }{ $responders ->
    [0] { "" }
    [one] , { $responders } intervenant
   *[other] , { $responders } intervenants
  }
talk = Parler
talk-stop = Ne plus parler
talk-sure = Parler quand même
talk-silent-warning = Cet habitant ne doit pas être entendu : votre voix sonnerait chez lui.
talk-no-microphone = Le microphone n'a pas été accordé. Les réglages du site le permettent.
watched-by = Suivi par { $names }

place = Lieu
place-device = Appareil
place-service = Où envoyer les secours
place-empty = Pas encore de lieu. Demandez-le à côté de l'échange.
place-unknown = Aucun lieu n'est connu.
place-service-empty = Non fixé.
place-accuracy = à { $metres } m près (95 %)
place-age = vieux de { $age }
place-first = Premier relevé : peut être grossier.
place-track = { $fixes } relevés jusqu'ici
place-wide = Un grand cercle : n'envoyez pas les secours sur cette seule base.
place-apart = à { $metres } m du dernier relevé de l'appareil
place-adopt = Prendre ce lieu
place-adopted = Ce relevé est utilisé
place-type = Saisir un lieu
place-latitude = Latitude
place-longitude = Longitude
place-words = En mots
place-set = Fixer
place-copy = Copier
place-copied = Copié.
place-not-copied = Le navigateur n'a pas permis la copie.
place-list = Les { $fixes } relevés
place-list-row = il y a { $age } : { $place }, à { $metres } m près
method-gnss = satellites
method-device = appareil
method-manual = saisi
method-cell = cellule radio
method-wifi = réseaux sans fil
method-claimed = dit par une photo
map = Carte
map-loading = Chargement de la carte …
map-failed = La carte ne peut pas être montrée ici. Le lieu est écrit ci-dessus.
map-fit = Tout montrer
answers = Réponses
map-background-missing = Le fond de carte manque. Tout le reste y est juste.
map-zoom-in = Agrandir
map-zoom-out = Réduire
map-device = appareil
map-circle = cercle à 95 %
map-service = secours ici

photos = Photos
photos-empty = Pas encore de photo.
photo-reveal = Montrer la photo { $number }
photo-busy = Ouverture …
photo-hide = Couvrir
photo-original = Original
photo-alt = Photo { $number } de l'habitant
photo-covered = Photo, couverte
photo-size = Photo { $number }, plus grande ou plus petite
photo-coming = en route
photo-preview-refused = aperçu refusé, original en route
photo-preview-only = aperçu seul, original en route
photo-stored = original scellé
photo-stored-no-copy = original scellé, ne peut être montré
photo-failed = N'a pas pu être chargée.
photo-deleted = Photo { $number }, supprimée
photos-deleted-agreed = Les photos ont été supprimées le { $when } par { $asked } et { $agreed }.
photos-deleted-retention = Les photos ont été supprimées le { $when }, leur délai étant passé : l’agence garde les photos { $days } jours.
photos-deleted-left = Ce que la chronologie en dit reste.
words-deleted = Ce qui avait été écrit dans cette session a été supprimé le { $when }, son délai étant passé : l’agence garde les textes { $days } jours.
words-deleted-left = Que quelque chose s’est passé, quand et par qui, reste.
photo-seen-by = montrée à { $names }
kib = { $kib } Kio
side-empty = Le lieu, les photos et l'image d'une session se trouvent ici.

timeline-show = Montrer
timeline-find = Chercher dans la chronologie
timeline-all = Tout
timeline-messages = Messages
timeline-place = Lieu
timeline-media = Photos et médias
timeline-standing = Situation
timeline-notes = Notes
timeline-evidence = Preuves
timeline-empty = Rien ici.
said-opened = a ouvert la session : { $category }, langue { $language }, file { $queue }
said-opened-test = a ouvert une session de TEST : { $category }, langue { $language }, file { $queue }
said-triaged = a donné la priorité { $priority } : { $rules }
said-category-changed = a changé la catégorie : { $category }, au lieu de { $from }
said-priority-changed = a changé la priorité en { $priority } : { $reason }
said-text = a écrit : { $text }
said-field-answered = a répondu à « { $label } » : { $answer }
said-note = a noté : { $text }
said-located = est à { $place }, à { $metres } m près
said-service-located = envoie les secours à { $place }
said-photo-announced = a annoncé une photo
said-photo-previewed = aperçu d'une photo prêt
said-photo-preview-refused = aperçu d'une photo refusé ; l'original peut encore arriver
said-photo-stored = original de la photo scellé, { $kib } Kio, SHA-256 { $sha }…
said-photo-refused = photo refusée : { $reason }
said-photo-revealed = a regardé une photo
said-photo-fetched = a ouvert une photo
said-original-fetched = a téléchargé l’original d’une photo
said-asked = a demandé : { $medium }
said-contact-given = joignable : { $contact }
said-granted = a accordé : { $medium }
said-not-granted = a refusé ou arrêté : { $medium }
said-media-started = direct arrive : { $medium }
said-media-ended = direct fini : { $medium }, { $reason }
said-taken = a pris la session
said-released = de retour dans la file : { $reason }
said-transferred = transférée à { $target } : { $note }
said-left = est parti
said-left-quick = est parti par sortie rapide : ne pas recontacter sans demande
said-abandoned = la session compte comme abandonnée
said-returned = est revenu
said-closed = close : { $disposition }. { $note }
said-overruled = { $what } (pendant une coupure ; ne compte plus, quelqu'un d'autre avait fait avancer la session)
said-linked = l’a reliée à l’incident { $incident }
said-moved = l’a déplacée de l’incident { $from } à l’incident { $incident }
said-unlinked = l’a retirée de l’incident { $incident }
said-suspected = a évalué la suspicion à { $number } : { $reasons }
said-suspected-no-more = ne trouve plus rien de suspect
said-report-link-made = a créé un lien de signalement, qui finit à { $ends } s’il n’est pas ouvert
said-report-link-opened = a ouvert le lien : { $category }, langue { $language }
said-report-link-revoked = a révoqué le lien avant qu’il soit ouvert
said-responder-link-made = a créé un lien pour intervenants{ $note ->
    [none] { "" }
   *[other] {" "}({ $note })
  }, jusqu'à { $ends }
said-responder-link-opened = { $name } a ouvert le lien pour intervenants
said-responder-link-revoked = a révoqué un lien pour intervenants
said-hold-placed = a ordonné la conservation de la session : { $reason }
said-hold-lifted = a levé un ordre de conservation : { $reason }
said-export-requested = a demandé un export de la session : { $reason }
said-custody-agreed = a accepté la demande
said-custody-declined = a refusé la demande : { $reason }
said-exported = a reçu l’export de la session
said-delete_photos-requested = a demandé la suppression des photos de la session : { $reason }
said-photos-deleted-agreed = a supprimé les photos de la session ({ $photos }) en tant que seconde personne
said-photos-deleted-retention = a supprimé les photos de la session ({ $photos }) au terme de leur conservation, { $days } jours
said-photos-destroyed = les photos supprimées sont détruites{ $shared ->
    [0] { "" }
   *[other] {" ; "}d’autres sessions ont aussi { $shared } d’entre elles, et les gardent
  }
said-words-deleted = Textes détruits : le délai de l’agence, { $days } jours, était passé
said-words-destroyed = il ne reste rien de ce qui était écrit dans la base ; { $entries } entrées ont perdu quelque chose
said-destroyed-text = un message, détruit
said-destroyed-located = un lieu de l’appareil, détruit
said-destroyed-service-located = un lieu où envoyer les secours, détruit
said-destroyed-contact-given = un moyen de joindre l’habitant, détruit
said-destroyed-note = une note, détruite
said-destroyed-field-answered = une réponse, détruite
said-watched = { $staff } ({ $role }) suit
said-seen = a tout vu jusqu'à l'entrée { $seq }
medium-place = lieu
medium-photo = photo
medium-video = vidéo
medium-audio = son
media-end-stopped = arrêté par l'habitant
media-end-lost = liaison perdue
media-end-session_ended = session finie
release-given_back = rendue
release-console_lost = pupitre perdu
release-taken_away = retirée par un superviseur
disposition-help_sent = Secours envoyés
disposition-advice_given = Conseil donné, rien envoyé
disposition-handed_over = Remise à un autre centre
disposition-duplicate = Déjà connu
disposition-no_contact = Personne joignable
disposition-no_action_needed = Rien à faire
disposition-test = Essai

keys = Touches
key-next = prendre la suivante
key-take = prendre celle choisie
key-find = chercher dans la liste
key-chat = échange avec l'habitant
key-session = aller à ma session 1 à 9
key-rows = se déplacer dans la liste
key-send = envoyer
key-escape = quitter un champ, fermer, désélectionner
key-sheet = toutes les touches
keys-typing = Les touches simples sont coupées pendant la saisie.

error-no_answer = La passerelle ne répond pas. Réessayez.
error-sign_in_refused = Le nom ou la phrase est faux.
error-sign_in_slowed = Trop d'essais : attendez un moment.
error-sign_in_late = La connexion a pris trop de temps. Appuyez de nouveau sur le bouton.
error-sign_in_lost = Cette connexion a été commencée dans une autre fenêtre, ou elle est déjà terminée. Appuyez de nouveau sur le bouton.
error-provider_refused = Le service de connexion de votre centre ne vous a pas laissé entrer. Réessayez, ou demandez à qui s'occupe de votre compte.
error-provider_untrusted = La réponse du service de connexion de votre centre n'est pas digne de confiance : personne n'a été connecté. Prévenez qui s'occupe de la passerelle.
error-provider_unavailable = Le service de connexion de votre centre ne répond pas. Réessayez dans un instant ; s'il reste absent, prévenez qui s'occupe de la passerelle.
error-clock_differs = Les horloges de la passerelle et du service de connexion de votre centre diffèrent. Prévenez qui s'occupe de la passerelle : personne ne peut se connecter avant qu'elles s'accordent.
error-no_role = Votre compte n'a pas de rôle ici. Demandez-en un à votre superviseur ou à votre administrateur, puis appuyez de nouveau sur le bouton.
error-no_staff_name = Votre compte n'a pas de nom utilisable ici. Prévenez qui s'occupe de la passerelle.
error-no_provider = Ce centre n'a pas de service de connexion. Connectez-vous avec votre nom et votre phrase secrète.
error-keeps_nothing = Ce navigateur ne garde rien pour cette page, et cette façon de se connecter en a besoin un instant. Autorisez la page à enregistrer des données, puis appuyez de nouveau sur le bouton.
error-token_expired = La session de travail a expiré.
error-token_invalid = Reconnectez-vous.
error-not_allowed = Votre rôle ne le permet pas.
error-already_taken = Quelqu'un d'autre a pris la session.
error-not_owner = Seule la personne qui a la session peut le faire.
error-nothing_waits = Aucune session n'attend.
error-no_such_session = Cette session n'existe pas.
error-session_closed = La session est close.
error-no_such_agency = Ce centre n'est pas desservi ici. Vérifiez l'adresse, ou réessayez dans un instant.
error-no_such_target = Cette file ou personne n'existe pas.
error-no_such_node = Ce nœud n'existe pas, ou il a disparu.
error-nowhere_to_go = Il n'y a pas d'autre nœud où les habitants pourraient aller. Rien n'a changé.
error-out_of_range = Une valeur est hors limites.
error-no_consent = L'habitant n'a pas donné son accord.
error-no_media = Rien n'est envoyé en direct.
error-media_busy = Aucune liaison en direct n'est libre. Réessayez dans un moment.
error-media_refused = La liaison en direct n'a pas pu s'établir.
error-location_impossible = Ce lieu est impossible.
error-text_too_long = Le texte est trop long : envoyez-le en parties.
error-text_empty = Le texte est vide.
error-store_unavailable = Pas encore enregistré. Réessayez.
error-photo_too_large = La photo est trop grande.
error-photo_type_refused = Ce type de fichier n'est pas pris.
error-photo_unreadable = L'image est illisible.
error-no_such_photo = Cette photo n'existe pas.
error-no_such_link = Ce lien n'existe pas.
error-link_used = Le lien a déjà été ouvert.
error-link_expired = Le lien a expiré.
error-link_revoked = Le lien a été révoqué.
error-too_many_links = Cette session ne peut avoir plus de liens.
error-no_such_hold = Cet ordre de conservation n’existe pas, ou il a été levé.
error-too_many_holds = Cette session ne peut avoir plus d’ordres de conservation.
error-no_such_request = Cette demande n’existe pas pour vous, ou son délai est passé.
error-request_open = La même chose a déjà été demandée.
error-own_request = Une autre personne doit accepter.
error-session_open = La session n’est pas fermée.
error-on_hold = La session est conservée : rien n’en est détruit.
error-photo_deleted = Les photos de cette session ont été supprimées.
error-internal = Une faute de notre côté. Réessayez.
error-wrong_order = Ce n’est pas possible maintenant. Regardez où en est la session.
error-too_fast = Trop à la fois. Attendez un moment, puis réessayez.
error-going_down = La passerelle redémarre. Réessayez dans un moment.
error-node_full = La passerelle n’a plus de place pour une liaison. Réessayez dans un moment.
error-deadline = La passerelle a mis trop de temps à répondre. Réessayez.
error-too_long = C’est trop pour un seul envoi.
error-too_old = Cela date de plus de sept jours.
error-time_in_future = Son heure est dans le futur.
error-id_reused = La passerelle l’a pris pour un envoi précédent. Rechargez la page, puis réessayez.
error-unknown_kind = La passerelle ne sait pas le faire : elle est peut-être plus ancienne que cette page. Rechargez la page.
error-malformed_message = La passerelle n’a pas pu lire l’envoi de cette page. Rechargez la page.
error-too_deep = La passerelle n’a pas pu lire l’envoi de cette page. Rechargez la page.
error-wrong_frame = La passerelle n’a pas pu lire l’envoi de cette page. Rechargez la page.
error-origin_refused = La passerelle ne prend rien d’une page à cette adresse. Prévenez qui s’en occupe.
error-other = Refusé : { $code }.

# Touches, sons, fenêtres et le reste d'une garde.
theme-contrast = Contraste élevé
yes = Oui
no = Non
other-window = { $name } est déjà connecté dans une autre fenêtre de ce navigateur.
other-window-go = Continuer comme { $name }
newer-page = Une version plus récente de cette page est prête. Elle arrive d'elle-même quand vous n'avez plus de session.

alarms = Ce qu'il faut savoir
alarms-unknown = Pas de connexion : on ne sait pas ce qui est nouveau.
alarms-none = Aucune nouvelle session. Tout est calme.
alarms-not-available = Vous n'êtes pas disponible : rien de nouveau ne vous est proposé.
alarms-none-waiting = { $waiting ->
    [one] Aucune nouvelle session ; 1 attend.
   *[other] Aucune nouvelle session ; { $waiting } attendent.
  }
alarm-offer = { $category } attend
alarm-assigned = { $category } : transmis à vous
alarm-message = { $category } : l'habitant a écrit
alarm-quiet = { $category } : plus de nouvelles de l'habitant
alarm-timer = { $category } : votre minuterie est arrivée à terme
alarm-act-offer = Prendre la suivante
alarm-act-assigned = Prendre
alarm-act-message = Ouvrir
alarm-act-quiet = Ouvrir
alarm-act-timer = Arrêter la minuterie
alarm-heard = Entendu
alarm-left = reste { $time }
alarm-more = et { $count } autres en attente :
alarm-more-kinds = et { $count } autres :

sound = Son
sound-off = SON COUPÉ
sound-on = Le son est actif.
sound-blocked = Le navigateur attend un appui avant de laisser sonner.
sound-muted = Le volume est à 0, ou rien n'a été entendu au test. Vous n'entendrez pas les nouvelles sessions.
sound-missing = Ce navigateur n'a pas de son. Vous n'entendrez pas les nouvelles sessions.
sound-unlock = Activer le son
sound-mend = Régler et tester le volume
sound-volume = Volume
sound-test = Tester chaque son
sound-level = Signal qui sort de cette page
sound-heard-question = L'avez-vous entendu ?
sound-snoozed = Son en pause
sound-snoozed-for = encore { $time } : { $reason }
sound-wake = Remettre le son
tone-message = Nouveau message
tone-quiet = Trop longtemps silencieux
tone-timer = Minuterie
snooze = Mettre tous les sons en pause pendant
snooze-minutes = { $minutes } min
snooze-reason = Pourquoi (c'est consigné)
snooze-means = La pause finit d'elle-même. La bande du haut continue de montrer ce qui est nouveau.
snooze-do = Mettre en pause
snooze-note = Son en pause pendant { $minutes } min : { $reason }
snoozes = Pauses sur cette machine

windows = Fenêtres
panel-overview = Toutes les sessions sur une carte
panel-queue = File
panel-session = Session
panel-map = Carte
panel-media = Photos et image en direct
panel-timeline = Chronologie
panel-of = – pupitre de { $name }
panel-shared = Partage la connexion du pupitre
panel-empty = Rien n'est ouvert au pupitre.

list-fresh = { $count ->
    [one] 1 nouvelle
   *[other] { $count } nouvelles
  }
list-longest = attente la plus longue { $time }
list-held = figée
list-island = Une partie du système est injoignable.
list-island-kept = Il peut manquer dans la liste ce qui se passe ailleurs. Continuez : ce qui s’écrit est gardé ici et parviendra aux autres plus tard.
row-taken = prise par { $owner }
row-gone = n'attend plus
ask-sure = Demander quand même ?
message-where = Où
place-of-message = Écrit à { $time } : lieu connu à { $metres } m près, à { $age } d'écart ; à { $away } m de la dernière position.
place-mark = Montrer
exposure = Images révélées à l'écran aujourd'hui sur cette machine : { $time }
photo-hand = À un collègue
photo-hand-title = Transmettre la photo { $number } à un collègue
photo-hand-note = Merci de regarder la photo { $number } : elle n'a pas été ouverte ici.
photo-hand-note-seen = Merci de regarder la photo { $number }.
live-hear = Activer le son
live-mute = Couper le son
timeline-system = Lignes système
timer = Minuterie
timer-end = arrêter
timer-over = { $time } de trop
translated = traduit par une machine
translation-missing = L'habitant écrit en { $language }. Ce navigateur n'a pas de traducteur.
translation-offered = L'habitant écrit en { $language }.
translation-busy = Préparation du traducteur …
translation-on = Traduit depuis { $language } sur cette machine, par une machine. L'original fait foi.
translation-failed = Le traducteur n'a pas démarré.
translation-do = Traduire

ready = Phrases prêtes
ready-1 = Vous êtes en contact avec les secours. Je lis ce que vous écrivez.
ready-2 = Les secours sont en route vers vous.
ready-3 = Êtes-vous en sécurité là où vous êtes ?
ready-4 = Quelle est l'adresse exacte, l'étage ou le carrefour le plus proche ?
ready-5 = Y a-t-il des blessés ? Combien de personnes ?
ready-6 = Pouvez-vous parler, ou devez-vous rester silencieux ?
ready-7 = Restez où vous êtes et gardez cette page ouverte.
ready-8 = Quittez le bâtiment maintenant si vous pouvez le faire sans danger.
ready-9 = Êtes-vous toujours là ? Écrivez n'importe quelle lettre.

keys-on = Les touches seules sont actives
keys-reset = Revenir aux premières touches
keys-were-reset = Toutes les touches sont comme au début.
keys-press = Appuyez sur la nouvelle touche, ou Échap.
keys-changed = Remplacée par { $key }.
keys-taken = { $key } sert déjà à autre chose.
keys-unusable = { $key } ne convient pas : une lettre ou un signe, pas un chiffre.
keys-change = { $action } : touche { $key }, la changer
key-group-queue = File
key-group-session = Session
key-group-asks = Demander et parler
key-group-beside = Lieu et photos
key-group-desk = Pupitre
key-group-fixed = Toujours
key-acknowledge = entendu : arrêter ce son
key-go = faire ce que propose la bande
key-fresh = montrer les nouvelles
key-write = écrire à l'habitant
key-ready = phrases prêtes
key-notes = écrire une note
key-timeline = chronologie
key-history = lignes système
key-why = pourquoi cette priorité, et ce qui est suspect
key-priority = changer la priorité
key-transfer = transférer
key-responders = liens pour intervenants
key-release = la rendre
key-timer = régler une minuterie, et l’arrêter
key-leave = l’enlever de mon bureau
key-close = clore la session
key-place = demander le lieu
key-photo = demander une photo
key-video = demander la vidéo
key-audio = demander le son
key-talk = parler, et cesser
key-adopt = utiliser la position de l'appareil
key-reveal = montrer la prochaine photo couverte
key-hand = la transmettre à un collègue
key-show = montrer l’image en direct, et ne plus la recevoir
key-link = même événement : relier à celle choisie ou proposée
key-unlink = annuler le lien, ou la retirer de son incident
key-available = se mettre disponible
key-sound = son et pause
key-alt = phrase prête pendant l'écriture

overview-sum = { $sessions ->
    [one] 1 session ouverte
   *[other] { $sessions } sessions ouvertes
  }, { $placed } avec un lieu
overview-nowhere = pas encore de lieu
overview-piles = Plusieurs au même lieu
overview-pile = sessions au même lieu
overview-piled = { $sessions ->
    [one] 1 session à ce lieu
   *[other] { $sessions } sessions à ce lieu
  }
overview-all = Montrer toutes les sessions
overview-empty = Aucune session n’est ouverte.
overview-whole = Tout montrer ({ $sessions })
overview-chosen = choisie
overview-tied = peut-être le même événement
overview-bound = même incident
overview-small = Petit : quelqu’un s’en occupe.
near = Peut-être le même événement
near-apart = à { $metres } m, { $minutes ->
    [0] à la même minute
    [one] 1 min { $before ->
        [yes] avant
       *[no] après
      }
   *[other] { $minutes } min { $before ->
        [yes] avant
       *[no] après
      }
  }
near-waiting = attend
near-owned = prise
near-abandoned = abandonnée
near-closed = close
near-more = { $more } de plus près d’ici
near-none = Rien de semblable n’a été signalé près d’ici dans la demi-heure autour.
near-nowhere = Sans lieu, on ne peut rien dire de ce qui est proche.
near-means = Une proposition d’après le lieu, l’heure et le genre. Rien n’est joint tout seul.

incident = Incident
incident-tag = { $sessions ->
    [0] Incident
   *[other] Incident · { $sessions }
  }
incident-means = { $sessions ->
    [0] Fait partie d’un incident. Aucune de ses sessions n’est plus ouverte.
    [one] Fait partie d’un incident. Une de ses sessions est ouverte.
   *[other] { $sessions } sessions ouvertes signalent cet événement.
  }
incident-first = premier signalement
incident-this = celle-ci
incident-away = à { $metres } m
incident-more = { $more } de plus
incident-map = Sur la carte
incident-only = Seulement celles-ci
same = Même événement
same-move = Même événement : y déplacer celle-ci
same-open = Même événement que ma session ouverte
same-linked = Reliées en un événement.
same-unlinked = Retirée de l’incident.
same-back = Annulé.
same-undo = Annuler
same-out = Retirer celle-ci

responders = Liens pour intervenants
responders-act = Intervenants
responders-means = Qui a le lien, et donne un nom, suit cette session en lecture seule : priorité, lieux, messages, photos et image en direct. Ni note, ni contact, ni nom du personnel.
responders-life = Il vit
responders-minutes = { $minutes } min
responders-hours = { $hours } h
responders-for = Pour qui (facultatif)
responders-make = Créer le lien
responders-made = Le lien est prêt. Il n'est montré qu'une fois : copiez-le et envoyez-le à l'unité.
responders-link = Lien
responders-copy = Copier le lien
responders-copied = Copié.
responders-not-copied = La copie a échoué : sélectionnez le lien et copiez-le à la main.
responders-list = Liens de cette session
responders-none = Aucun lien n'a encore été créé.
responders-full = Cette session ne peut avoir plus de liens : { $links } ont été créés.
responders-by = Créé par { $staff } à { $time }
responders-ends = finit dans { $left }, à { $time }
responders-expired = expiré à { $time }
responders-revoked = révoqué par { $staff } à { $time }
responders-closed = fini avec la session
responders-opened = Ouvert par
responders-opened-row = { $name }, { $time }
responders-unopened = Personne ne l'a ouvert.
responders-revoke = Révoquer
responders-revoke-which = Révoquer le lien { $which }
responders-was-revoked = Révoqué : qui l'avait ouvert a été coupé aussitôt.
responders-close-ends = Clore la session met fin à tous ses liens.

invite = Envoyer un lien
invite-means = Pour quelqu’un qui a appelé : la personne ouvre le lien, et son signalement est à vous aussitôt. Il marche une fois, sur le premier appareil qui l’ouvre, jusqu’à l’heure écrite dessous.
invite-make = Créer le lien
invite-made = Le lien est créé. Envoyez-le, ou faites-le scanner.
invite-how = Copiez-le dans votre message, ou faites scanner le code. Il n’est montré qu’ici, et que maintenant.
invite-address = Lien
invite-qr = Le lien en code QR
invite-waits = Pas encore ouvert · finit dans { $left }, à { $time }
invite-ended = Pas ouvert, et expiré à { $time }. Créez-en un autre.
invite-opened = Ouvert. Le signalement est dans vos sessions.
invite-revoked = Révoqué. Le lien n’ouvre plus rien.
invite-revoke = Révoquer le lien
invite-another = Créer un autre lien
invite-go = Aller au signalement
awaited = lien pas ouvert
awaited-until = Personne n’a encore ouvert le lien. Il finit dans { $left }, à { $time }.
awaited-ended = Personne n’a ouvert le lien, et il a expiré. Fermez la session, ou révoquez le lien.
key-invite = envoyer un lien de signalement
part-old-page = Cette partie de la page n’a pas pu être chargée : la page est ancienne ou coupée. Rechargez-la quand aucune session n’est ouverte.
