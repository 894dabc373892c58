title = Signaler une urgence
title-plain = Notes
exit = Quitter
exit-hint = « Quitter » fait disparaître cette page tout de suite. Vous pouvez aussi appuyer trois fois sur Maj. Cela n’efface pas l’historique et n’arrête pas une personne qui surveille cet appareil.
exit-once-more = Appuyez encore une fois sur Maj pour quitter cette page.
exit-gone = Vous avez quitté la page.
test = TEST
test-means = Ceci est un test. Aucun secours ne part.
call = Appeler { $number }
help-heading = À propos de cette page
language = Langue
language-failed = Cette langue n’est pas arrivée. Vérifiez le réseau ou rechargez la page.

begin-question = Que se passe-t-il ?
begin-hint = Un appui suffit. Vous pourrez ensuite ajouter un texte, votre lieu et des photos.
begin-call = Vous pouvez parler ? Appeler le { $number } est plus rapide. Sinon, écrivez ici.
carried = { $count ->
    [one] { $count } élément écrit avant part avec le nouveau signalement.
   *[other] { $count } éléments écrits avant partent avec le nouveau signalement.
}
category-medical = Blessé ou malade
category-fire = Feu ou fumée
category-violence = Quelqu’un est agressé
category-property_crime = Vol ou dégâts
category-traffic = Accident de la route
category-hazard = Inondation, tempête, danger
category-missing_person = Personne disparue
category-welfare = Inquiétude pour quelqu’un
category-other = Autre chose
category-change = Changer
category-now = Maintenant : { $category }
silent-offer = Je ne peux pas parler
silent-offer-hint = Mode silencieux : aucun son, écran sombre, rien n’est gardé sur cet appareil.
silent-on = Mode silencieux. Aucun son. Les copies restent en mémoire : ne rechargez pas la page.
silent-told = Je ne peux pas parler. Ne faites pas de bruit, s’il vous plaît.
silent-yes = Oui
silent-no = Non

link-connecting = Connexion …
link-waiting = Nous essayons encore. Ce que vous écrivez est gardé ici.
link-short = Pas de réseau. Nous essayons encore.
link-stopped-window = Ce signalement est ouvert dans une autre fenêtre.
link-stopped = La connexion a été fermée.
link-stopped-old = Cette page est trop ancienne. Rechargez-la. Ce que vous avez écrit reste ici.
later-failed = Votre signalement est en route. La page n’est pas arrivée entière.
link-reload = Recharger
link-here = L’utiliser ici
link-now = Réessayer
catching-up = Mise à jour …
waiting-items = { $count ->
    [one] { $count } élément attend sur cet appareil
   *[other] { $count } éléments attendent sur cet appareil
}
keep-memory = Cet appareil ne garde pas de copie. Ne fermez pas et ne rechargez pas cette page.
keep-full = Plus de place pour des copies sur cet appareil. Ce que vous écrivez part quand même. Ne fermez pas cette page.
awake-refused = Gardez cette page ouverte et l’écran allumé. Cet appareil peut l’éteindre.
less-auto = Réseau lent : le texte d’abord, puis le lieu, puis les photos. La vidéo est petite.
less-chosen = Vous envoyez moins : le texte d’abord, puis le lieu, puis les photos. La vidéo est petite.

queue-place = Vous êtes numéro { $place } dans la file.
queue-far = Beaucoup de personnes attendent. Vous êtes dans la file.
queue-late = C’est plus long que d’habitude. Vous gardez votre place.
queue-unstaffed = Personne n’est au poste pour le moment. Votre signalement est gardé et passera en premier. Si vous le pouvez, appelez le { $number }.
queue-waiting = Vous êtes dans la file. Quelqu’un va lire.
standing-owned = Une personne est avec vous.
standing-abandoned = Vous n’étiez plus là. Votre signalement est gardé.
next-heading = Et après ?
next-line = Votre signalement attend. Les plus urgents passent avant.
next-read = Une personne formée le lit et répond ici.
next-ask = On peut demander votre lieu, une photo ou la caméra. Vous pouvez dire non.

place-heading = Votre lieu
place-short = Lieu
photo-place = Cette photo dit où elle a été prise. Envoyer aussi ce lieu ?
photo-place-why = La photo part telle quelle, que vous disiez oui ou non.
place-question = Pouvons-nous voir où vous êtes ?
place-why = Cela aide à envoyer les secours au bon endroit. Ce n’est pas votre caméra.
place-yes = Oui, partager mon lieu
place-no = Non
place-looking = Recherche de votre lieu …
place-on = Partagé. Exact à { $metres } m près.
place-age = Trouvé { $seconds ->
    [0] à l’instant
    [one] il y a { $seconds } seconde
   *[other] il y a { $seconds } secondes
}.
place-source = Selon cet appareil.
place-stop = Ne plus partager
place-denied = Cette page ne peut pas voir votre lieu. Autorisez-le dans les réglages du navigateur, ou écrivez le lieu ci-dessous.
place-unavailable = Aucun lieu trouvé. Vous pouvez l’écrire ci-dessous.
place-unsupported = Cet appareil ne connaît pas son lieu. Vous pouvez l’écrire ci-dessous.
place-type = L’écrire
place-move = Le déplacer
place-type-label = Où est-ce ? Rue, numéro, étage, repère
place-type-send = Envoyer le lieu
place-typed = Lieu : { $words }
place-shared = Mon lieu, à { $metres } m près
place-moved = Lieu placé par vous, à { $metres } m près
move-hint = Déplacez le lieu avec ces boutons ou avec les flèches du clavier.
move-north = { $metres } m au nord
move-south = { $metres } m au sud
move-west = { $metres } m à l’ouest
move-east = { $metres } m à l’est
move-step = Un appui déplace de
metres = { $metres } m
latitude = Latitude
longitude = Longitude
move-by = À { $metres } m de ce que dit l’appareil.
move-impossible = Ce lieu n’existe pas. Vérifiez les deux nombres.
move-send = Envoyer ce lieu
place-again = Partager mon lieu

contact-question = Si cette page se ferme, pouvons-nous vous appeler ?
contact-why = Seulement pour ce signalement. Vous n’êtes pas obligé de répondre.
contact-label = Votre numéro de téléphone
contact-send = Envoyer mon numéro
contact-skip = Non
contact-given = On peut appeler le { $contact } si cette page se ferme.

field-why = Répondez seulement si vous le pouvez. Votre signalement est en route.
field-skip = Passer
fields = Répondre à leurs questions, ou changer une réponse :
field-as-message = L’envoyer comme message

photo-add = Photo
photo-send = Envoyer une photo
photo-instead = Votre réseau est lent. Une photo passe mieux qu’une vidéo.
photo-name = Photo, { $size }
photo-kept = L’original attend sur cet appareil
photo-uploading = Original { $percent } %
photo-checking = L’original est vérifié
photo-stored = Original enregistré
photo-refused = Photo refusée : { $reason }

camera = Caméra
camera-question = Peuvent-ils voir votre caméra en direct ?
camera-why = Vous voyez qui regarde. Un appui suffit pour arrêter.
camera-yes = Oui, montrer ma caméra
microphone = Micro
microphone-short = Micro
microphone-question = Peuvent-ils entendre votre micro en direct ?
microphone-why = Ils peuvent aussi vous parler. Un appui suffit pour arrêter.
microphone-yes = Oui, ils peuvent entendre
no = Non
cancel = Annuler
yes = Oui
live-starting = Connexion en direct …
live-flowing = En direct
live-again = En pause. Nouvel essai. Le texte continue.
live-opening = Dites oui quand le navigateur demande.
live-opening-slow = Rien n’a démarré. Cherchez une question du navigateur. Vous pouvez envoyer une photo.
live-lost = L’appareil l’a coupé. Cela revient tout seul.
live-resting = Votre image attend. Le texte et les photos passent d’abord.
live-dark = Votre caméra ne donne pas d’image. Essayez l’autre caméra ou envoyez une photo.
live-camera-on = Votre caméra est allumée
live-microphone-on = Votre micro est allumé
live-stop-camera = Arrêter la caméra
live-stop-microphone = Arrêter le micro
live-stop-all = Stop
live-flip = Autre caméra
live-light = Lampe
live-own = Image de votre caméra
live-voice = Voix de la personne au poste
live-failed-denied = { $medium ->
    [audio] Cette page ne peut pas utiliser le micro. Autorisez-le dans les réglages du navigateur et réessayez, ou écrivez ici.
   *[other] Cette page ne peut pas utiliser la caméra. Autorisez-la dans les réglages du navigateur et réessayez, ou envoyez une photo.
}
live-failed-missing = { $medium ->
    [audio] Aucun micro trouvé sur cet appareil. Écrivez ici.
   *[other] Aucune caméra trouvée sur cet appareil. Vous pouvez envoyer une photo.
}
live-failed-busy = { $medium ->
    [audio] Le micro n’a pas démarré. Une autre application l’utilise peut-être. Réessayez, ou écrivez ici.
   *[other] La caméra n’a pas démarré. Une autre application l’utilise peut-être. Réessayez, ou envoyez une photo.
}
watching-nobody = Personne ne regarde encore.
not-recorded = Rien n’est enregistré.
watching = Qui regarde : { $telecommunicators ->
    [0] { "" }
    [one] { $telecommunicators } opérateur
   *[other] { $telecommunicators } opérateurs
}{ $both ->
    [yes] {", "}
   *[no] {""}
}{ $supervisors ->
    [0] { "" }
    [one] { $supervisors } superviseur
   *[other] { $supervisors } superviseurs
}{ $more ->
    [yes] {", "}
   *[no] {""}
}{ $responders ->
    [0] { "" }
    [one] { $responders } secouriste en route
   *[other] { $responders } secouristes en route
}

ask-place = On vous demande votre lieu.
ask-photo = On vous demande une photo.
ask-video = On demande à voir votre caméra en direct.
ask-audio = On demande à entendre votre micro en direct.
ask-photo-yes = Oui, choisir une photo

text-label = Dites ce que vous voyez
text-hint-live = Ils peuvent lire pendant que vous écrivez.
text-send = Envoyer
text-live = Texte en direct
text-parts = Texte long : il part en { $parts } parties.
text-held = Ce texte est très long. Il part par morceaux : appuyez sur Envoyer pour chacun.
text-clear = Vider le champ
text-rest = Ce texte est trop long. Les { $parts } premières parties sont envoyées. Le reste est encore dans le champ.
below = Du nouveau plus bas
log-heading = Votre signalement
log-empty = Rien n’est encore écrit. Commencez par quelques mots.
times = Heures exactes
time-now = à l’instant
typing = On vous écrit :
from-me = Vous
from-telecommunicator = Opérateur
from-supervisor = Superviseur
from-auditor = Équipe
from-administrator = Équipe
from-resident = Vous
from-gateway = Callbox

safety-device = Sur cet appareil
safety-stored = Enregistré, pas encore sûr
safety-safe = En sûreté
safety-refused = Refusé
attention-none = Pas encore remis
attention-delivered = Remis
attention-seen = Vu

fact-taken = Une personne lit votre signalement.
fact-released = Vous êtes de nouveau dans la file. Vous gardez votre place.
fact-transferred = Votre signalement passe à un autre poste.
fact-left = Vous avez quitté le signalement.
fact-abandoned = Vous n’étiez plus là avant une réponse.
fact-returned = Vous êtes de retour.
fact-closed = Le signalement est clos.
fact-words_deleted = Ce qui avait été écrit dans ce signalement a été supprimé : son délai était passé.
fact-asked-place = On a demandé votre lieu.
fact-asked-photo = On a demandé une photo.
fact-asked-video = On a demandé votre caméra.
fact-asked-audio = On a demandé votre micro.
fact-granted-place = Vous avez accepté de partager votre lieu.
fact-granted-photo = Vous avez accepté d’envoyer une photo.
fact-granted-video = Vous avez accepté de montrer votre caméra.
fact-granted-audio = Vous avez accepté que l’on vous entende.
fact-denied-place = Votre lieu n’est pas partagé.
fact-denied-photo = Pas de photo.
fact-denied-video = Votre caméra n’est pas partagée.
fact-denied-audio = Votre micro n’est pas partagé.

leave = Quitter le signalement
leave-question = Quitter ce signalement ? Ce que vous avez envoyé est gardé.
leave-yes = Oui, quitter
choices = Plus de choix
data-now-full = Envoi complet
data-now-less = Envoi réduit
data-question = Que faut-il envoyer ?
data-auto = Choisissez pour moi
data-less = Envoyer moins
data-full = Tout envoyer
data-order = Le texte passe toujours d’abord, puis le lieu, les photos et la vidéo.
signs = Je signe : mon image passe avant le son
left-heading = Vous avez quitté le signalement
left-text = Ce que vous avez envoyé est gardé. Vous pouvez revenir tant qu’il est ouvert.
left-back = Revenir
over-heading = Ce signalement est clos
over-text = Il est terminé. Si vous avez encore besoin d’aide, commencez un nouveau signalement ou appelez le { $number }.
over-lost = Ce signalement n’est plus connu ici. Commencez un nouveau signalement ou appelez le { $number }.
over-carried = { $count ->
    [one] { $count } élément ne nous est pas parvenu. Il part avec le nouveau signalement.
   *[other] { $count } éléments ne nous sont pas parvenus. Ils partent avec le nouveau signalement.
}
over-new = Nouveau signalement
draft-heading = Vous aviez commencé à écrire
draft-back = Ce n’est pas parti. Le texte est dans le champ si vous revenez.
draft-new = Ce n’est pas parti. Le texte est dans le champ de votre nouveau signalement.
trouble = Refusé : { $reason }

error-text_too_long = Le texte est trop long. Envoyez-le en parties.
error-photo_too_large = Ce fichier est trop grand. Prenez une nouvelle photo avec cette page, ou envoyez une capture d’écran.
error-photo_type_refused = Ce n’est pas une photo que nous prenons. Envoyez une photo ou une capture d’écran.
error-photo_unreadable = Cette photo ne s’ouvre pas. Prenez-en une autre, ou envoyez une capture d’écran.
error-too_many_photos = Plus de place pour des photos.
error-too_many_changes = Vous l’avez changé souvent. Écrivez dans un message ce qui est juste.
error-no_such_field = Cette question n’est plus posée. Rien n’est perdu : vos mots restent ici. Envoyez-les comme message.
error-no_such_choice = Ce choix n’existe plus. Rien n’est perdu : vos mots restent ici. Envoyez-les comme message.
error-session_closed = Le signalement est clos. Commencez-en un nouveau : cela part avec.
error-key_refused = Nous ne savons pas quel appareil c’est. Commencez un nouveau signalement.
error-no_such_session = Ce signalement n’est plus connu ici. Il a peut-être été supprimé, son délai étant passé.
error-no_such_agency = Ce centre n’est pas joignable ici pour le moment. Un nouvel essai est fait tout seul. Si vous pouvez parler, appelez.
error-too_fast = Trop d’un coup. C’est renvoyé tout seul.
error-store_unavailable = Impossible à enregistrer pour l’instant. C’est renvoyé tout seul.
error-text_empty = Le texte était vide.
error-location_impossible = Ce lieu n’existe pas.
error-too_old = C’est plus vieux que 7 jours.
error-media_refused = Ce navigateur ne peut pas envoyer de vidéo en direct. Envoyez une photo.
error-media_busy = Pas de place pour la vidéo en direct. Envoyez une photo.
error-no_consent = Votre accord est terminé. Dites oui encore une fois.
error-other = Cela n’a pas été accepté ({ $code }).

# Un lien qu’un opérateur a créé pour cette personne.
invited-heading = { $agency } vous demande un signalement
invited-who = La personne à qui vous parlez a créé ce lien pour vous.
invited-seen = Appuyez sur Commencer. Un signalement s’ouvre, et elle le voit aussitôt.
invited-asked = Vous pouvez écrire. Votre lieu, vos photos et votre caméra restent coupés tant que vous ne dites pas oui.
invited-once = Le lien marche une fois, sur ce téléphone. Rien n’est installé.
invited-start = Commencer
invited-not-you = Pas pour vous ?
invited-without = Signaler sans le lien
invited-ask-again = Demandez un nouveau lien à la personne qui vous a parlé. Ou signalez sans lui : cela arrive au même endroit.
invited-link_used = Ce lien a déjà servi
invited-link_expired = Ce lien a expiré
invited-link_revoked = Ce lien a été retiré
invited-session_closed = Le signalement de ce lien est terminé
invited-no_such_link = Ce lien n’est pas entier
invited-busy = Un signalement est déjà ouvert ici. Le lien n’a pas servi : il attend la fin de ce signalement.
invited-after = Un lien pour un nouveau signalement est là.
invited-use = Utiliser le lien
error-link_used = Ce lien a déjà servi.
error-link_expired = Ce lien a expiré.
error-link_revoked = Ce lien a été retiré.
error-no_such_link = Ce lien n’est pas entier.
