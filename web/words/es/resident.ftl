title = Avisar de una emergencia
title-plain = Notas
exit = Salir ya
exit-hint = «Salir ya» sale de esta página al momento. También puede pulsar Mayús tres veces. No borra su historial y no detiene a quien vigila este aparato.
exit-once-more = Pulse Mayús una vez más para salir de esta página.
exit-gone = Ha salido de la página.
test = TEST
test-means = Es una prueba. Nadie envía ayuda.
call = Llamar al { $number }
help-heading = Sobre esta página
language = Idioma
language-failed = Este idioma no se cargó. Mire la red o cargue la página otra vez.

begin-question = ¿Qué ocurre?
begin-hint = Basta un toque. Después puede añadir palabras, su lugar y fotos.
begin-call = ¿Puede hablar? Llamar al { $number } es más rápido. Si no, escriba aquí.
carried = { $count ->
    [one] { $count } cosa que escribió antes va con el nuevo aviso.
   *[other] { $count } cosas que escribió antes van con el nuevo aviso.
}
category-medical = Alguien herido o enfermo
category-fire = Fuego o humo
category-violence = Atacan a alguien
category-property_crime = Robo o daños
category-traffic = Choque en la calle
category-hazard = Inundación, tormenta o peligro
category-missing_person = Falta una persona
category-welfare = Temo por alguien
category-other = Otra cosa
category-change = Cambiar
category-now = Ahora: { $category }
silent-offer = No puedo hablar
silent-offer-hint = Modo silencioso: sin sonido, pantalla oscura, nada queda en este aparato.
silent-on = Modo silencioso. Sin sonido. Las copias están solo en la memoria: no recargue esta página.
silent-told = Ahora no puedo hablar. Por favor, no hagan ruido.
silent-yes = Sí
silent-no = No

link-connecting = Conectando …
link-waiting = Seguimos intentando llegar. Lo que escribe queda aquí.
link-short = Sin red ahora. Seguimos intentando.
link-stopped-window = Este aviso está abierto en otra ventana.
link-stopped = La conexión se cerró.
link-stopped-old = Esta página es muy vieja. Cárguela otra vez. Lo que escribió queda aquí.
later-failed = Su aviso está en camino. La página no se cargó entera.
link-reload = Cargar otra vez
link-here = Usarlo aquí
link-now = Probar ya
catching-up = Poniendo al día …
waiting-items = { $count ->
    [one] { $count } cosa espera en este aparato
   *[other] { $count } cosas esperan en este aparato
}
keep-memory = Este aparato no deja guardar copias. No cierre ni recargue esta página.
keep-full = No queda sitio para copias en este aparato. Lo que escribe se envía igual. No cierre esta página.
awake-refused = Deje esta página abierta y la pantalla encendida. Este aparato puede apagarla.
less-auto = Red lenta: primero las palabras, luego su lugar, luego las fotos. El vídeo es pequeño.
less-chosen = Envía menos: primero las palabras, luego su lugar, luego las fotos. El vídeo es pequeño.

queue-place = Es el número { $place } en la fila.
queue-far = Mucha gente espera. Usted está en la fila.
queue-late = Tarda más de lo normal. Conserva su puesto.
queue-unstaffed = Ahora no hay nadie en el puesto. Guardamos su aviso y lo leemos primero al volver. Si puede, llame al { $number }.
queue-waiting = Está en la fila. Alguien lo leerá.
standing-owned = Una persona está con usted.
standing-abandoned = Usted no estaba. Tienen su aviso.
next-heading = Qué pasa ahora
next-line = Su aviso espera en la fila. Lo más urgente va primero.
next-read = Una persona preparada lo lee y le responde aquí.
next-ask = Pueden pedir su lugar, una foto o su cámara. Puede decir que no.

place-heading = Su lugar
place-short = Lugar
photo-place = Esta foto dice dónde se tomó. ¿Enviar también ese lugar?
photo-place-why = La foto va tal como es, diga sí o no.
place-question = ¿Podemos ver dónde está?
place-why = Ayuda a enviar ayuda al sitio exacto. No es su cámara.
place-yes = Sí, dar mi lugar
place-no = No
place-looking = Buscando su lugar …
place-on = Compartido. Con un error de { $metres } m.
place-age = Hallado { $seconds ->
    [0] ahora mismo
    [one] hace { $seconds } segundo
   *[other] hace { $seconds } segundos
}.
place-source = Según este aparato.
place-stop = Dejar de compartir
place-denied = Esta página no puede ver su lugar. Permítalo en los ajustes del navegador, o escriba el lugar abajo.
place-unavailable = Aún no hay lugar. Puede escribirlo abajo.
place-unsupported = Este aparato no sabe su lugar. Puede escribirlo abajo.
place-type = Escribirlo
place-move = Moverlo
place-type-label = ¿Dónde es? Calle, número, piso, algo visible
place-type-send = Enviar lugar
place-typed = Lugar: { $words }
place-shared = Mi lugar, con error de { $metres } m
place-moved = Lugar puesto por usted, con error de { $metres } m
move-hint = Mueva el lugar con estos botones o con las flechas del teclado.
move-north = { $metres } m al norte
move-south = { $metres } m al sur
move-west = { $metres } m al oeste
move-east = { $metres } m al este
move-step = Un toque lo mueve
metres = { $metres } m
latitude = Latitud
longitude = Longitud
move-by = A { $metres } m de lo que dice el aparato.
move-impossible = Ese lugar no existe. Mire los dos números.
move-send = Enviar este lugar
place-again = Dar mi lugar

contact-question = Si esta página se cierra, ¿podemos llamarle?
contact-why = Solo por este aviso. No tiene que decirlo.
contact-label = Su número de teléfono
contact-send = Enviar mi número
contact-skip = No
contact-given = Pueden llamar al { $contact } si esta página se cierra.

field-why = Responda solo si puede. Su aviso ya está en camino.
field-skip = Omitir
fields = Responder a sus preguntas o cambiar una respuesta:
field-as-message = Enviarlo como mensaje

photo-add = Foto
photo-send = Enviar una foto
photo-instead = Su red es lenta. Una foto llega mejor que un vídeo.
photo-name = Foto, { $size }
photo-kept = El original espera en este aparato
photo-uploading = Original { $percent } %
photo-checking = Se revisa el original
photo-stored = Original guardado
photo-refused = Foto rechazada: { $reason }

camera = Cámara
camera-question = ¿Pueden ver su cámara en directo?
camera-why = Usted ve quién mira. Un toque la para.
camera-yes = Sí, mostrar mi cámara
microphone = Micrófono
microphone-short = Micro
microphone-question = ¿Pueden oír su micrófono en directo?
microphone-why = También pueden hablarle. Un toque lo para.
microphone-yes = Sí, que oigan
no = No
cancel = Cancelar
yes = Sí
live-starting = Conectando en directo …
live-flowing = En directo
live-again = En pausa. Probando otra vez. El texto sigue.
live-opening = Diga sí cuando el navegador pregunte.
live-opening-slow = Aún no empezó. Busque una pregunta del navegador. Puede enviar una foto.
live-lost = El aparato lo quitó. Vuelve solo.
live-resting = Su imagen espera. Primero van palabras y fotos.
live-dark = Su cámara no da imagen. Pruebe la otra o envíe una foto.
live-camera-on = Su cámara está encendida
live-microphone-on = Su micrófono está encendido
live-stop-camera = Parar cámara
live-stop-microphone = Parar micrófono
live-stop-all = Parar
live-flip = Otra cámara
live-light = Luz
live-own = Imagen de su cámara
live-voice = Voz de la persona del puesto
live-failed-denied = { $medium ->
    [audio] Esta página no puede usar el micrófono. Permítalo en los ajustes del navegador e inténtelo de nuevo, o escriba aquí.
   *[other] Esta página no puede usar la cámara. Permítala en los ajustes del navegador e inténtelo de nuevo, o envíe una foto.
}
live-failed-missing = { $medium ->
    [audio] No se halló ningún micrófono. Escriba aquí.
   *[other] No se halló ninguna cámara. Puede enviar una foto.
}
live-failed-busy = { $medium ->
    [audio] El micrófono no pudo empezar. Quizá otra aplicación lo usa. Inténtelo de nuevo, o escriba aquí.
   *[other] La cámara no pudo empezar. Quizá otra aplicación la usa. Inténtelo de nuevo, o envíe una foto.
}
watching-nobody = Nadie mira aún.
not-recorded = No se graba.
watching = Quién mira: { $telecommunicators ->
    [0] { "" }
    [one] { $telecommunicators } operador
   *[other] { $telecommunicators } operadores
}{ $both ->
    [yes] {", "}
   *[no] {""}
}{ $supervisors ->
    [0] { "" }
    [one] { $supervisors } supervisor
   *[other] { $supervisors } supervisores
}{ $more ->
    [yes] {", "}
   *[no] {""}
}{ $responders ->
    [0] { "" }
    [one] { $responders } rescatista en camino
   *[other] { $responders } rescatistas en camino
}

ask-place = Piden su lugar.
ask-photo = Piden una foto.
ask-video = Piden ver su cámara en directo.
ask-audio = Piden oír su micrófono en directo.
ask-photo-yes = Sí, elegir una foto

text-label = Diga qué ve
text-hint-live = Pueden leerlo mientras escribe.
text-send = Enviar
text-live = Enviar al escribir
text-parts = Texto largo: sale en { $parts } partes.
text-held = Este texto es muy largo. Sale por trozos: pulse Enviar para cada uno.
text-clear = Vaciar el campo
text-rest = El texto es demasiado largo. Las primeras { $parts } partes salen ya. El resto sigue en el campo.
below = Hay algo nuevo abajo
log-heading = Su aviso
log-empty = Aún no ha escrito nada. Empiece con unas palabras.
times = Horas exactas
time-now = ahora mismo
typing = El operador escribe:
from-me = Usted
from-telecommunicator = Operador
from-supervisor = Supervisor
from-auditor = Equipo
from-administrator = Equipo
from-resident = Usted
from-gateway = Callbox

safety-device = En este aparato
safety-stored = Guardado
safety-safe = A salvo
safety-refused = No aceptado
attention-none = Aún no entregado
attention-delivered = Entregado
attention-seen = Visto

fact-taken = Una persona lee ahora su aviso.
fact-released = Vuelve a la fila. Conserva su puesto.
fact-transferred = Su aviso pasa a otro puesto.
fact-left = Usted se fue.
fact-abandoned = Usted no estaba antes de una respuesta.
fact-returned = Ha vuelto.
fact-closed = El aviso se cerró.
fact-words_deleted = Lo escrito en este aviso se ha eliminado: su plazo había terminado.
fact-asked-place = Pidieron su lugar.
fact-asked-photo = Pidieron una foto.
fact-asked-video = Pidieron su cámara.
fact-asked-audio = Pidieron su micrófono.
fact-granted-place = Aceptó compartir su lugar.
fact-granted-photo = Aceptó una foto.
fact-granted-video = Aceptó mostrar su cámara.
fact-granted-audio = Aceptó que le oigan.
fact-denied-place = Su lugar no se comparte.
fact-denied-photo = Sin foto.
fact-denied-video = Su cámara no se comparte.
fact-denied-audio = Su micrófono no se comparte.

leave = Dejar el aviso
leave-question = ¿Dejar este aviso? Ellos guardan lo que envió.
leave-yes = Sí, dejarlo
choices = Más opciones
data-now-full = Envío completo
data-now-less = Envío reducido
data-question = Cuánto enviar
data-auto = Elijan por mí
data-less = Enviar menos
data-full = Enviar todo
data-order = Las palabras van siempre primero, luego el lugar, las fotos y el vídeo.
signs = Hablo con señas: mi imagen va antes que el sonido
left-heading = Dejó el aviso
left-text = Tienen lo que envió. Puede volver mientras esté abierto.
left-back = Volver
over-heading = Este aviso está cerrado
over-text = Han terminado. Si necesita ayuda otra vez, empiece otro o llame al { $number }.
over-lost = Este aviso ya no se conoce aquí. Empiece otro o llame al { $number }.
over-carried = { $count ->
    [one] { $count } cosa no nos llegó. Va con su nuevo aviso.
   *[other] { $count } cosas no nos llegaron. Van con su nuevo aviso.
}
over-new = Nuevo aviso
draft-heading = Había empezado a escribir
draft-back = No se envió. Está en el campo cuando vuelva.
draft-new = No se envió. Está en el campo de su nuevo aviso.
trouble = Rechazado: { $reason }

error-text_too_long = El texto es demasiado largo. Envíelo por partes.
error-photo_too_large = El archivo es demasiado grande. Haga una foto nueva con esta página o envíe una captura de pantalla.
error-photo_type_refused = No es una foto que podamos tomar. Envíe una foto o una captura de pantalla.
error-photo_unreadable = Esta foto no se abre. Haga otra o envíe una captura de pantalla.
error-too_many_photos = No caben más fotos en este aviso.
error-too_many_changes = Ya lo ha cambiado muchas veces. Envíe un mensaje que diga lo correcto.
error-no_such_field = Esto ya no se pregunta. No se ha perdido nada: sus palabras siguen aquí. Envíelas como mensaje.
error-no_such_choice = Esto ya no se puede elegir. No se ha perdido nada: sus palabras siguen aquí. Envíelas como mensaje.
error-session_closed = El aviso está cerrado. Empiece otro: va con él.
error-key_refused = No sabemos qué aparato es. Empiece otro aviso.
error-no_such_session = Este aviso ya no se conoce aquí. Puede que se haya eliminado al terminar su plazo.
error-no_such_agency = Este centro no está disponible aquí en este momento. Se intenta de nuevo solo. Si puede hablar, llame.
error-too_fast = Demasiado a la vez. Se envía otra vez solo.
error-store_unavailable = Ahora no se puede guardar. Se envía otra vez solo.
error-text_empty = El texto estaba vacío.
error-location_impossible = Ese lugar no existe.
error-too_old = Tiene más de 7 días.
error-media_refused = Este navegador no puede enviar vídeo en directo. Envíe una foto.
error-media_busy = Ahora no hay sitio para vídeo en directo. Envíe una foto.
error-no_consent = Su sí ha terminado. Diga sí otra vez.
error-other = No se aceptó ({ $code }).

# Un enlace que un operador creó para esta persona.
invited-heading = { $agency } le pide un aviso
invited-who = La persona con quien habla creó este enlace para usted.
invited-seen = Pulse Empezar. Se abre un aviso y lo ven enseguida.
invited-asked = Puede escribir. Su lugar, sus fotos y su cámara siguen apagados hasta que diga que sí.
invited-once = El enlace sirve una vez, en este teléfono. No se instala nada.
invited-start = Empezar
invited-not-you = ¿No es para usted?
invited-without = Avisar sin el enlace
invited-ask-again = Pida un enlace nuevo a la persona con quien habló. O avise sin él: llega al mismo lugar.
invited-link_used = Este enlace ya se usó
invited-link_expired = Este enlace ha caducado
invited-link_revoked = Este enlace fue retirado
invited-session_closed = El aviso de este enlace está cerrado
invited-no_such_link = Este enlace no está completo
invited-busy = Ya tiene un aviso abierto aquí. El enlace no se usó: espera a que este aviso termine.
invited-after = Hay un enlace para un aviso nuevo.
invited-use = Usar el enlace
error-link_used = Este enlace ya se usó.
error-link_expired = Este enlace ha caducado.
error-link_revoked = Este enlace fue retirado.
error-no_such_link = Este enlace no está completo.
