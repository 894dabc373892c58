# Mots de la page du superviseur que le pupitre n'a pas.
supervisor-title = Superviseur
supervisor-only = Cette page est pour les superviseurs et les administrateurs. Le pupitre est à /console/.
board-loading = En attente des chiffres …
board-old = Les chiffres datent de { $age }.
guarantee = Ce que vaut « enregistré » ici :
guarantee-local_disk = écrit et confirmé sur le disque de ce nœud. Un disque perdu le perdrait.
guarantee-replicated = écrit dans l'étage commun et confirmé par des répliques. Un nœud perdu ne perd rien.
guarantee-shared_disk = écrit et confirmé sur le disque de l'étage commun, sans réplique. Un disque perdu le perdrait.
guarantee-weaker = l'étage commun est plus faible que prévu : tout est stocké, mais pas encore sûr. L'exploitant voit pourquoi.
guarantee-island = l'étage commun ne répond pas ou ne prend rien : ce nœud continue seul, ce qui arrive reste sur son disque jusqu'à son retour.
guarantee-none = rien n'est confirmé en ce moment. Les habitants gardent leurs copies.
tile-staffed = { $people ->
    [one] { $people } disponible
   *[other] { $people } disponibles
  }
tile-nobody = Personne n'est disponible pour cette file.
tile-waiting = En attente
tile-longest = Plus longue
tile-share = Dans la cible
tile-share-means = Part des sessions répondues aujourd'hui dans la cible de leur priorité.
tile-goal = but { $goal } %
tile-goal-missed = sous { $goal } %
tile-abandoned = Abandons
tile-answered = { $answered ->
    [one] { $answered } répondue
   *[other] { $answered } répondues
  }
tile-by-priority = En attente par priorité
people = Personnes
people-available = { $people } disponibles
people-name = Nom
people-state = État
people-since = Depuis
people-sessions = Sessions
people-empty = Personne n'est connecté.
sessions = Sessions
sessions-all = Toutes
sessions-owned = Prises
sessions-empty = Aucune session.
column-priority = Priorité
column-kind = Genre
column-standing = Situation
column-wait = Attente
column-acts = Actions
standing-waiting = en attente
standing-owned = avec { $owner }
standing-abandoned = abandonnée
standing-closed = close
watch = Suivre
watch-stop = Ne plus suivre
watching = Session suivie
watching-audited = Suivi : lecture seule, consigné
take-away = Retirer
take-away-means = { $owner } perd cette session. Elle retourne dans sa file avec sa première échéance, et le dossier dit qui l'a fait.
take-away-do = Retirer

warnings = Ce qui vous attend
warnings-none = Rien n'approche de sa cible, et personne n'attend sans pupitre.
warnings-more = { $count } de plus
warnings-fewer = Moins
warn-show = Voir
warn-wait = attend depuis { $waited } sur { $target }
warn-more = { $sessions } au-delà de la moitié en tout
warn-spoken-wait = { $queue } : priorité { $priority }, { $level }.
warn-word-act = À faire
warn-word-unsafe = Pas sûr
warn-unsafe = Rien n'est confirmé. Les habitants gardent leurs copies ; prévenez les exploitants de la passerelle.
warn-unstaffed = { $queue } : { $sessions ->
    [one] { $sessions } session attend
   *[other] { $sessions } sessions attendent
  } et personne n'est disponible pour cette file.
warn-orphaned = { $sessions ->
    [one] { $sessions } session a perdu son pupitre
   *[other] { $sessions } sessions ont perdu leur pupitre
  }.
level-50 = au-delà de 50 %
level-75 = au-delà de 75 %
level-90 = au-delà de 90 %
level-100 = cible manquée

definitions = Ce que disent les chiffres
definitions-keys = Les touches simples agissent sur cette page
define-waiting-name = En attente
define-waiting = Sessions de cette file que personne n'a prises, maintenant.
define-longest-name = Plus longue
define-longest = Temps depuis l'entrée de la plus ancienne session en attente, à l'heure de la passerelle.
define-order-name = Qui est le suivant
define-order = La personne dont l’objectif prend fin le plus tôt. La priorité 1 passe avant tout le monde, mais sur dix sessions prises à la suite à un nœud, une est la plus en retard de toutes les autres. Personne n’est donc dépassé par quelqu’un de la même sorte dont l’objectif finit plus tard, et la première des autres est prise à la dixième prise au plus tard, quoi qu’il arrive. Aucune attente n’est estimée, pour personne : il n’y a pas d’erreur d’estimation à montrer.
define-share-name = Dans la cible
define-share = Parmi les sessions répondues aujourd'hui (depuis minuit UTC), la part prise dans la cible de sa priorité. Arrondie vers le bas. Le but est à côté.
define-abandoned-name = Abandonnées
define-abandoned = Sessions du jour (depuis minuit UTC) dont l'habitant est parti ou s'est perdu avant d'être pris. Elles gardent lieu et contact dans la liste « Abandonnées ».
define-levels-name = Au-delà de 50, 75, 90 %
define-levels = Part de la cible déjà usée par l'attente la plus proche d'un manquement. Une barre à 50 %, deux à 75 %, trois à 90 % ; un signe à part quand la cible est manquée. La priorité 1 vous appelle dès 50 %.
define-people-name = Personnes
define-people = Toutes les personnes connectées. Disponible : prend des sessions maintenant. Tout autre état est nommé avec sa raison ; « depuis » est le temps passé dans cet état.
define-mix-name = Mélange des priorités
define-mix = Sessions ouvertes par priorité à côté de 5 / 15 / 80 %, le mélange où les plus hautes priorités se détachent encore. Ce n'est pas un but : il montre quand tout est devenu urgent.
define-orphaned-name = Sans pupitre
define-orphaned = Le pupitre du propriétaire a disparu, ou la session est revenue dans sa file après une réponse. Elle y revient d'elle-même quelques secondes après la perte, avec sa première échéance.
define-safe-name = Sûr
define-safe = Ce que la passerelle a promis quand elle dit « sûr » à un habitant, sur le nœud auquel vous êtes connecté.

mix = Mélange des priorités
mix-open = Ouvertes
mix-now = Part
mix-reference = Repère
mix-rest = Le reste
mix-few = Sous { $from } sessions ouvertes, un mélange dit peu.
mix-heavy = Plus du double de la référence a la priorité 1 : elle ne dit plus ce qui passe d'abord.
mix-fine = Le trait dans chaque barre est le repère.

people-by-state = Personnes par état

list-orphaned = Sans pupitre
standing-orphaned = le pupitre de { $owner } a disparu
standing-again = attend de nouveau
sessions-only = { $queue } seulement
sessions-every-queue = Toutes les files
sessions-whole = Les voir toutes : { $count }
sessions-fewer = En voir moins
sessions-none-orphaned = Chaque session prise a son pupitre.
sessions-none-abandoned = Personne n'a renoncé.
take-away-orphaned = Le pupitre de { $owner } a disparu. La session revient maintenant dans sa file, avec sa première échéance, et le journal dit qui l'a fait.

trend = Depuis l'ouverture de cette page
trend-waiting = En attente
trend-longest = Plus longue attente
trend-share = Dans la cible
trend-answered = Répondues
trend-abandoned = Abandonnées
trend-since = depuis { $time }
trend-csv = Enregistrer en CSV
trend-time = Heure
trend-table = Les chiffres en tableau
trend-undrawn = Le graphique n'a pas pu être chargé. Le tableau contient chaque chiffre.

wallboard = Tableau mural
wall-queue = File
wall-staffed = Disponibles
wall-old = Chiffres vieux de { $age }
wall-rest = { $queues ->
    [one] { $queues } autre file
   *[other] { $queues } autres files
  } : { $waiting } en attente
wall-guarantee-local_disk = Sûr : sur le disque de ce nœud
wall-guarantee-replicated = Sûr : sur des répliques
wall-guarantee-shared_disk = Sûr : sur le disque commun
wall-guarantee-weaker = Stocké, pas encore sûr
wall-guarantee-island = Îlot : stocké sur chaque nœud, pas encore sûr
wall-guarantee-none = Rien n'est confirmé
newer-page-floor = Une version plus récente de cette page est prête.
newer-page-load = La charger

move = Réattribuer
move-title = Réattribuer cette session : { $category }
move-me = À moi
move-nobody = Une personne (personne d’autre n’est connecté)
move-means = Rien n’en est perdu et le journal dit qui l’a fait.
move-means-owned = { $owner } la perd et en est averti. Rien n’en est perdu et le journal dit qui l’a fait.
move-do = Réattribuer
move-do-me = Reprendre
own-here = { $sessions ->
    [one] Vous avez 1 session. On y répond dans la console.
   *[other] Vous avez { $sessions } sessions. On y répond dans la console.
  }
own-open = Ouvrir la console

nodes = Nœuds
nodes-alone = le seul nœud
nodes-here = cette page y est connectée
nodes-count = { $nodes ->
    [one] 1 nœud
   *[other] { $nodes } nœuds
  }{ $gone ->
    [0] .
    [one] , et 1 qui a disparu.
   *[other] , et { $gone } qui ont disparu.
  }
nodes-name = Nœud
nodes-state = État
nodes-safe = Ce que vaut « enregistré »
nodes-connections = Connexions
nodes-sessions = Sessions tenues
nodes-disk = Disque
nodes-heard = Dernier signe
nodes-ready = Prêt
nodes-draining = Se vide
nodes-gone = Disparu
nodes-left = { $left } connexions restent sur { $of }
nodes-drain = { $per_s } par seconde, { $left } avant l’échéance
nodes-kept = { $records ->
    [one] 1 enregistrement n’est conservé que là
   *[other] { $records } enregistrements ne sont conservés que là
  }, le plus ancien depuis { $age }
nodes-free = { $gigabytes } Go libres
nodes-disk-little = il en reste peu
nodes-ago = il y a { $age }
nodes-now = à l’instant
nodes-differs = Configuré autrement : { $what }
nodes-differs-agency = nom, bandeau, adresses ou sons de l’agence
nodes-differs-queues = files ou objectifs
nodes-differs-triage = règles de triage
nodes-config = Réglages { $version }, en usage depuis { $since }
nodes-config-refused = Fichier de réglages refusé, les réglages d’avant restent : { $place }{ $key }, { $fault }
nodes-config-key = , { $key }
nodes-config-fault-unreadable = le fichier ne peut pas être lu
nodes-config-fault-syntax = ce n’est pas du TOML valable
nodes-config-fault-unknown_key = ce réglage n’existe pas
nodes-config-fault-wrong_value = une valeur d’un mauvais type ou d’une mauvaise forme
nodes-config-fault-out_of_bounds = hors limites, ou incompatible avec un autre réglage
nodes-config-restart = Changé dans le fichier, demande un redémarrage : { $settings }
nodes-config-more = { $settings } et { $more } autres
nodes-wrong-config = { $node } : son fichier de réglages est refusé à { $place }.
nodes-wrong-restart = { $node } : { $settings ->
    [one] un réglage a changé dans le fichier et demande
   *[other] { $settings } réglages ont changé dans le fichier et demandent
} un redémarrage.
nodes-means = Un nœud disparu reste affiché dix minutes. Un administrateur peut vider un nœud.
nodes-means-runs = Un nœud disparu reste affiché dix minutes. Vider un nœud déplace chaque client vers un autre nœud en une reconnexion, sans rien perdre.
nodes-wrong-list = Ce qui ne va pas
nodes-wrong = { $node } : { $what }.
nodes-wrong-gone = { $node } a disparu : plus aucun signe.
nodes-wrong-disk = { $node } : il reste peu de place sur son disque.
nodes-wrong-differs = { $node } est configuré autrement : { $what }.
nodes-was = en avait { $count }
nodes-drain-do = Vider …
nodes-undrain = Ne plus vider
nodes-drain-of = Vider { $node }
nodes-undrain-of = Ne plus vider { $node }
nodes-drain-means = Ses habitants et ses pupitres sont priés d’aller vers d’autres nœuds, et il n’en prend plus de nouveaux. Rien n’est perdu. Le registre dit qui l’a ordonné.
nodes-drain-here = Cette page y est connectée et se reconnectera ailleurs.
nodes-undrain-means = Les clients encore présents restent, et il en prend de nouveaux. Le registre dit qui l’a ordonné.
nodes-within = Tout le monde est parti en, secondes
nodes-rate = Clients par seconde
nodes-rate-means = Vide : autant qu’il en faut pour finir à la moitié du temps.
nodes-unheard = La liaison a cédé avant la réponse. Le tableau dit si c’est fait.

replay = Revoir
replay-at = { $at } sur { $of }
replay-play = Lecture
replay-pause = Pause
replay-moment = Moment
replay-next = Entrée suivante
replay-speed = Vitesse

people-alarms = Alarmes, 10 min
people-alarms-over = but dépassé
people-exposed = À l’écran
people-goal = Objectif : moins de { $goal } alarmes en dix minutes par personne, une par minute.
define-strain-name = Alarmes et images
define-strain = Alarmes qui ont sonné au pupitre d’une personne dans les dix dernières minutes, et temps de ce service pendant lequel une photo révélée ou une image en direct était à l’écran. D’après leurs pages, en mémoire seulement : un nœud qui redémarre repart de zéro. Répartissez les images avant qu’une personne en ait trop vu.

evidence = Preuves de cette session
evidence-open = Preuves …
evidence-session = Session { $session }
evidence-reason = Raison
evidence-reason-first = Donnez d’abord la raison.
hold-means = Tant qu’un ordre de conservation tient, rien de la session n’est détruit, quel que soit son délai. Chaque ordre est levé séparément.
hold-place = Ordonner la conservation
hold-lift = Lever
hold-lift-which = Lever l’ordre de conservation « { $reason } »
hold-by = Ordonnée par { $staff }, { $when }
hold-lifted = Levée par { $staff }, { $when } : { $reason }
hold-was-placed = La session est conservée.
hold-was-lifted = L’ordre de conservation est levé.
holds = Ordres de conservation
holds-none = Aucun ordre de conservation.
requests-mean = Un export et une suppression demandent deux personnes : l’une demande, un autre superviseur accepte.
requests = Demandes
requests-none = Rien n’a été demandé.
request-export = Export
request-by = Demandé par { $staff }, { $when }
request-waits = Attend votre accord, ou celui d’un autre superviseur, jusqu’au { $ends }
request-waits-own = Attend l’accord d’un autre superviseur, jusqu’au { $ends }
request-agreed = Accepté par { $staff }, { $when }. Ces deux personnes peuvent le retirer jusqu’au { $ends }
request-declined = Refusé par { $staff }, { $when } : { $reason }
request-over = Délai passé : { $when }
request-agree = Accepter
request-decline = Refuser
request-take-back = Retirer la demande
request-end = Y mettre fin
request-was-made = La demande est faite. Donnez le numéro de la session à un autre superviseur.
request-was-agreed = Accepté.
request-was-declined = La demande est refusée.
export-ask = Demander un export
export-fetch = Retirer l’export
export-fetched = Envoyé à { $staff }, { $when }
export-was-fetched = L’export est là. La chronologie dit qui l’a retiré.
export-broke = L’export n’est pas arrivé en entier. Retirez-le de nouveau.
request-delete_photos = Suppression des photos
deletion-ask = Demander la suppression des photos
deletion-means = La suppression détruit { $photos ->
    [one] la photo
   *[other] les { $photos } photos
  } de cette session pour toujours : originaux, copies et aperçus. Il y faut un second superviseur, et rien ne peut l’annuler. Les écrits, les lieux et la chronologie restent.
deletion-held = La session est conservée : ses photos ne peuvent être supprimées.
deletion-look = Regardez avant de décider : chaque regard est consigné.
deletion-agree-means = À votre appui, { $photos ->
    [one] la photo de cette session est détruite
   *[other] les { $photos } photos de cette session sont détruites
  } aussitôt : originaux, copies et aperçus. Rien ne peut l’annuler. Les écrits, les lieux et la chronologie restent.
deletion-agree = Accepter et détruire { $photos ->
    [one] la photo
   *[other] { $photos } photos
  }
deletion-agreed = Accepté par { $staff }, { $when } : les photos sont supprimées.
deletion-was-agreed = Les photos sont supprimées.
deletion-under-way = Leurs fichiers sont en cours de destruction.
find-session = Numéro de session
find-session-means = Les 32 chiffres et lettres du numéro de la session
requested-export = export demandé par { $staff }
requested-export-agreed = export à retirer
requested-delete_photos = suppression des photos demandée par { $staff }
