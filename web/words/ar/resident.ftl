title = الإبلاغ عن حالة طارئة
title-plain = ملاحظات
exit = خروج الآن
exit-hint = «خروج الآن» يغادر هذه الصفحة فورًا. يمكنك أيضًا الضغط على Shift ثلاث مرات. لا يمحو ذلك السجل ولا يوقف من يراقب هذا الجهاز.
exit-once-more = اضغط Shift مرة أخرى لمغادرة هذه الصفحة.
exit-gone = لقد غادرت الصفحة.
test = TEST
test-means = هذا اختبار. لن يُرسل أحد مساعدة.
call = اتصل بـ { $number }
help-heading = عن هذه الصفحة
language = اللغة
language-failed = لم تُحمَّل هذه اللغة. تحقق من الشبكة أو أعد تحميل الصفحة.

begin-question = ماذا يحدث؟
begin-hint = لمسة واحدة تكفي. بعدها يمكنك إضافة كلمات ومكانك وصور.
begin-call = هل تستطيع الكلام؟ الاتصال بـ { $number } أسرع. وإلا فاكتب هنا.
carried = { $count ->
    [one] شيء واحد كتبته من قبل يذهب مع البلاغ الجديد.
    [two] شيئان كتبتهما من قبل يذهبان مع البلاغ الجديد.
    [few] { $count } أشياء كتبتها من قبل تذهب مع البلاغ الجديد.
   *[other] { $count } شيئًا كتبته من قبل يذهب مع البلاغ الجديد.
}
category-medical = شخص مصاب أو مريض
category-fire = حريق أو دخان
category-violence = شخص يتعرض لهجوم
category-property_crime = سرقة أو تخريب
category-traffic = حادث طريق
category-hazard = فيضان أو عاصفة أو خطر
category-missing_person = شخص مفقود
category-welfare = قلق على شخص
category-other = شيء آخر
category-change = تغيير
category-now = الآن: { $category }
silent-offer = لا أستطيع الكلام
silent-offer-hint = الوضع الصامت: بلا صوت، شاشة داكنة، ولا يبقى شيء على هذا الجهاز.
silent-on = الوضع الصامت. بلا صوت. النسخ في الذاكرة فقط: لا تعد تحميل هذه الصفحة.
silent-told = لا أستطيع الكلام الآن. من فضلكم لا تصدروا أي صوت.
silent-yes = نعم
silent-no = لا

link-connecting = جارٍ الاتصال …
link-waiting = ما زلنا نحاول الوصول. ما تكتبه محفوظ هنا.
link-short = لا شبكة الآن. ما زلنا نحاول.
link-stopped-window = هذا البلاغ مفتوح في نافذة أخرى.
link-stopped = انقطع الاتصال.
link-stopped-old = هذه الصفحة قديمة جدًا. حمّلها من جديد. ما كتبته يبقى هنا.
later-failed = بلاغك في الطريق. لم تُحمَّل الصفحة كاملة.
link-reload = تحميل من جديد
link-here = استخدمه هنا
link-now = حاول الآن
catching-up = جارٍ اللحاق …
waiting-items = { $count ->
    [one] شيء واحد ينتظر على هذا الجهاز
    [two] شيئان ينتظران على هذا الجهاز
    [few] { $count } أشياء تنتظر على هذا الجهاز
   *[other] { $count } شيئًا ينتظر على هذا الجهاز
}
keep-memory = هذا الجهاز لا يسمح بحفظ نسخ. لا تغلق هذه الصفحة ولا تعد تحميلها.
keep-full = لا مكان للنسخ على هذا الجهاز. ما تكتبه يُرسل رغم ذلك. لا تغلق هذه الصفحة.
awake-refused = أبقِ هذه الصفحة مفتوحة والشاشة مضاءة. قد يطفئها هذا الجهاز.
less-auto = الشبكة بطيئة: الكلمات أولًا ثم مكانك ثم الصور. الفيديو صغير.
less-chosen = ترسل أقل: الكلمات أولًا ثم مكانك ثم الصور. الفيديو صغير.

queue-place = رقمك في الصف { $place }.
queue-far = كثيرون ينتظرون. أنت في الصف.
queue-late = يستغرق الأمر أطول من المعتاد. مكانك محفوظ.
queue-unstaffed = لا أحد على المكتب الآن. نحفظ بلاغك ونقرؤه أولًا عند العودة. إن استطعت فاتصل بـ { $number }.
queue-waiting = أنت في الصف. سيقرأ أحد هذا.
standing-owned = شخص معك الآن.
standing-abandoned = كنت غائبًا. بلاغك لديهم.
next-heading = ماذا يحدث بعد ذلك
next-line = بلاغك ينتظر في الصف. الأشد خطرًا أولًا.
next-read = يقرؤه شخص مدرَّب ويرد عليك هنا.
next-ask = قد يطلبون مكانك أو صورة أو الكاميرا. يمكنك أن تقول لا.

place-heading = مكانك
place-short = المكان
photo-place = هذه الصورة تذكر أين التُقطت. هل نرسل ذلك المكان أيضاً؟
photo-place-why = تُرسل الصورة كما هي، سواء قلت نعم أو لا.
place-question = هل يمكن أن نرى أين أنت؟
place-why = يساعد على إرسال العون إلى المكان الصحيح. هذه ليست الكاميرا.
place-yes = نعم، شارك مكاني
place-no = لا
place-looking = جارٍ البحث عن مكانك …
place-on = مُشارَك. بدقة { $metres } م.
place-age = وُجد { $seconds ->
    [0] الآن
    [one] قبل ثانية
    [two] قبل ثانيتين
    [few] قبل { $seconds } ثوانٍ
   *[other] قبل { $seconds } ثانية
}.
place-source = من هذا الجهاز.
place-stop = أوقف المشاركة
place-denied = لا تستطيع هذه الصفحة رؤية مكانك. اسمح بذلك في إعدادات المتصفح، أو اكتب المكان أدناه.
place-unavailable = لم يُعثر على المكان بعد. يمكنك كتابته أدناه.
place-unsupported = هذا الجهاز لا يعرف مكانه. يمكنك كتابته أدناه.
place-type = اكتبه
place-move = حرّكه
place-type-label = أين؟ الشارع، الرقم، الطابق، معلم قريب
place-type-send = أرسل المكان
place-typed = المكان: { $words }
place-shared = مكاني، بدقة { $metres } م
place-moved = مكان حددته أنت، بدقة { $metres } م
move-hint = حرّك المكان بهذه الأزرار أو بأسهم لوحة المفاتيح.
move-north = { $metres } م شمالًا
move-south = { $metres } م جنوبًا
move-west = { $metres } م غربًا
move-east = { $metres } م شرقًا
move-step = كل ضغطة تحرّكه
metres = { $metres } م
latitude = خط العرض
longitude = خط الطول
move-by = على بعد { $metres } م مما يقوله الجهاز.
move-impossible = لا يوجد مكان كهذا. تحقق من الرقمين.
move-send = أرسل هذا المكان
place-again = شارك مكاني

contact-question = إذا أُغلقت هذه الصفحة، هل يمكننا الاتصال بك؟
contact-why = فقط بشأن هذا البلاغ. لست ملزماً بالإجابة.
contact-label = رقم هاتفك
contact-send = أرسل رقمي
contact-skip = لا
contact-given = يمكنهم الاتصال على { $contact } إذا أُغلقت هذه الصفحة.

field-why = أجب فقط إن استطعت. بلاغك في الطريق.
field-skip = تخطّ
fields = أجب عن أسئلتهم أو غيّر إجابة:
field-as-message = أرسلها كرسالة

photo-add = صورة
photo-send = أرسل صورة
photo-instead = شبكتك بطيئة. الصورة تصل أفضل من الفيديو.
photo-name = صورة، { $size }
photo-kept = الأصل ينتظر على هذا الجهاز
photo-uploading = الأصل { $percent } %
photo-checking = جارٍ فحص الأصل
photo-stored = حُفظ الأصل
photo-refused = رُفضت الصورة: { $reason }

camera = الكاميرا
camera-question = هل يمكنهم رؤية الكاميرا مباشرة؟
camera-why = ترى من يشاهد. لمسة واحدة توقفها.
camera-yes = نعم، أظهر الكاميرا
microphone = الميكروفون
microphone-short = الصوت
microphone-question = هل يمكنهم سماع الميكروفون مباشرة؟
microphone-why = يمكنهم أيضًا أن يكلموك. لمسة واحدة توقفه.
microphone-yes = نعم، ليسمعوا
no = لا
cancel = إلغاء
yes = نعم
live-starting = جارٍ الاتصال المباشر …
live-flowing = مباشر
live-again = متوقف مؤقتًا. نحاول من جديد. النص مستمر.
live-opening = قل نعم عندما يسأل المتصفح.
live-opening-slow = لم يبدأ بعد. ابحث عن سؤال من المتصفح. يمكنك إرسال صورة.
live-lost = أخذه الجهاز. سيعود وحده.
live-resting = صورتك تنتظر. الكلمات والصور أولًا.
live-dark = الكاميرا لا تعطي صورة. جرّب الأخرى أو أرسل صورة.
live-camera-on = الكاميرا تعمل
live-microphone-on = الميكروفون يعمل
live-stop-camera = أوقف الكاميرا
live-stop-microphone = أوقف الميكروفون
live-stop-all = أوقف
live-flip = الكاميرا الأخرى
live-light = ضوء
live-own = صورة الكاميرا لديك
live-voice = صوت الشخص على المكتب
live-failed-denied = { $medium ->
    [audio] لا تستطيع هذه الصفحة استخدام الميكروفون. اسمح به في إعدادات المتصفح وحاول مرة أخرى، أو اكتب هنا.
   *[other] لا تستطيع هذه الصفحة استخدام الكاميرا. اسمح بها في إعدادات المتصفح وحاول مرة أخرى، أو أرسل صورة.
}
live-failed-missing = { $medium ->
    [audio] لم يُعثر على ميكروفون في هذا الجهاز. اكتب هنا.
   *[other] لم يُعثر على كاميرا في هذا الجهاز. يمكنك إرسال صورة.
}
live-failed-busy = { $medium ->
    [audio] تعذر بدء الميكروفون. ربما يستخدمه تطبيق آخر. حاول مرة أخرى، أو اكتب هنا.
   *[other] تعذر بدء الكاميرا. ربما يستخدمها تطبيق آخر. حاول مرة أخرى، أو أرسل صورة.
}
watching-nobody = لا أحد يشاهد بعد.
not-recorded = لا يتم التسجيل.
watching = يشاهد: { $telecommunicators ->
    [0] { "" }
    [one] مأمور اتصال واحد
    [two] مأمورا اتصال
    [few] { $telecommunicators } مأموري اتصال
   *[other] { $telecommunicators } مأمور اتصال
}{ $both ->
    [yes] {"\u200F، "}
   *[no] {""}
}{ $supervisors ->
    [0] { "" }
    [one] مشرف واحد
    [two] مشرفان
    [few] { $supervisors } مشرفين
   *[other] { $supervisors } مشرفًا
}{ $more ->
    [yes] {"\u200F، "}
   *[no] {""}
}{ $responders ->
    [0] { "" }
    [one] مسعف واحد في الطريق
    [two] مسعفان في الطريق
    [few] { $responders } مسعفين في الطريق
   *[other] { $responders } مسعفًا في الطريق
}

ask-place = يطلبون مكانك.
ask-photo = يطلبون صورة.
ask-video = يطلبون رؤية الكاميرا مباشرة.
ask-audio = يطلبون سماع الميكروفون مباشرة.
ask-photo-yes = نعم، اختر صورة

text-label = قل لنا ما تراه
text-hint-live = يمكنهم القراءة وأنت تكتب.
text-send = إرسال
text-live = إرسال أثناء الكتابة
text-parts = نص طويل: يُرسل على { $parts } أجزاء.
text-held = هذا النص طويل جدًا. يُرسل قطعة قطعة: اضغط إرسال لكل منها.
text-clear = أفرغ الحقل
text-rest = النص أطول من أن يُرسل دفعة واحدة. تُرسل أول { $parts } أجزاء. والباقي ما زال في الحقل.
below = هناك جديد في الأسفل
log-heading = بلاغك
log-empty = لم تكتب شيئًا بعد. ابدأ ببضع كلمات.
times = الأوقات بدقة
time-now = الآن
typing = مأمور الاتصال يكتب:
from-me = أنت
from-telecommunicator = مأمور الاتصال
from-supervisor = المشرف
from-auditor = الفريق
from-administrator = الفريق
from-resident = أنت
from-gateway = Callbox

safety-device = على هذا الجهاز
safety-stored = مخزَّن
safety-safe = في أمان
safety-refused = لم يُقبل
attention-none = لم يُسلَّم بعد
attention-delivered = سُلّم
attention-seen = شوهد

fact-taken = شخص يقرأ بلاغك الآن.
fact-released = عدت إلى الصف. مكانك محفوظ.
fact-transferred = ينتقل بلاغك إلى مكتب آخر.
fact-left = لقد غادرت.
fact-abandoned = كنت غائبًا قبل الرد.
fact-returned = لقد عدت.
fact-closed = أُغلق البلاغ.
fact-words_deleted = حُذف ما كُتب في هذا البلاغ لانتهاء مدة حفظه.
fact-asked-place = طلبوا مكانك.
fact-asked-photo = طلبوا صورة.
fact-asked-video = طلبوا الكاميرا.
fact-asked-audio = طلبوا الميكروفون.
fact-granted-place = وافقت على مشاركة مكانك.
fact-granted-photo = وافقت على صورة.
fact-granted-video = وافقت على إظهار الكاميرا.
fact-granted-audio = وافقت على أن يسمعوك.
fact-denied-place = مكانك غير مُشارَك.
fact-denied-photo = لا صورة.
fact-denied-video = الكاميرا غير مُشارَكة.
fact-denied-audio = الميكروفون غير مُشارَك.

leave = مغادرة البلاغ
leave-question = هل تغادر هذا البلاغ؟ يبقى لديهم ما أرسلته.
leave-yes = نعم، غادر
choices = خيارات أخرى
data-now-full = إرسال كامل
data-now-less = إرسال أقل
data-question = كم نرسل
data-auto = اختاروا عني
data-less = أرسل أقل
data-full = أرسل كل شيء
data-order = الكلمات دائمًا أولًا، ثم مكانك والصور والفيديو.
signs = أستخدم لغة الإشارة: صورتي قبل الصوت
left-heading = لقد غادرت البلاغ
left-text = لديهم ما أرسلته. يمكنك العودة ما دام مفتوحًا.
left-back = عودة
over-heading = هذا البلاغ مغلق
over-text = لقد انتهوا منه. إن احتجت إلى العون مجددًا فابدأ بلاغًا جديدًا أو اتصل بـ { $number }.
over-lost = لم يعد هذا البلاغ معروفًا هنا. ابدأ بلاغًا جديدًا أو اتصل بـ { $number }.
over-carried = { $count ->
    [one] شيء واحد لم يصلنا. يذهب مع بلاغك الجديد.
    [two] شيئان لم يصلانا. يذهبان مع بلاغك الجديد.
    [few] { $count } أشياء لم تصلنا. تذهب مع بلاغك الجديد.
   *[other] { $count } شيئًا لم يصلنا. يذهب مع بلاغك الجديد.
}
over-new = بلاغ جديد
draft-heading = كنت قد بدأت الكتابة
draft-back = لم يُرسل. ستجده في الحقل عند عودتك.
draft-new = لم يُرسل. ستجده في حقل بلاغك الجديد.
trouble = رُفض شيء: { $reason }

error-text_too_long = النص طويل جدًا. أرسله على أجزاء.
error-photo_too_large = الملف أكبر من أن يُرسل. التقط صورة جديدة من هذه الصفحة أو أرسل لقطة شاشة.
error-photo_type_refused = هذه ليست صورة نستطيع أخذها. أرسل صورة أو لقطة شاشة.
error-photo_unreadable = لا يمكن فتح هذه الصورة. التقط أخرى أو أرسل لقطة شاشة.
error-too_many_photos = لا مكان لصور أخرى في هذا البلاغ.
error-too_many_changes = غيّرت هذا مرات كثيرة. أرسل رسالة تقول ما هو الصحيح.
error-no_such_field = لم يعد هذا السؤال مطروحًا. لم يُفقد شيء: كلماتك باقية هنا. أرسلها كرسالة.
error-no_such_choice = لم يعد هذا الخيار متاحًا. لم يُفقد شيء: كلماتك باقية هنا. أرسلها كرسالة.
error-session_closed = البلاغ مغلق. ابدأ بلاغًا جديدًا ويذهب معه.
error-key_refused = لم نعرف أي جهاز هذا. ابدأ بلاغًا جديدًا.
error-no_such_session = لم يعد هذا البلاغ معروفًا هنا. ربما حُذف لانتهاء مدة حفظه.
error-no_such_agency = لا يمكن الوصول إلى هذا المركز من هنا الآن. تُعاد المحاولة تلقائياً. إذا كنت تستطيع الكلام فاتصل.
error-too_fast = كثير دفعة واحدة. يُرسل من جديد وحده.
error-store_unavailable = لا يمكن حفظه الآن. يُرسل من جديد وحده.
error-text_empty = كان النص فارغًا.
error-location_impossible = لا يوجد مكان كهذا.
error-too_old = أقدم من 7 أيام.
error-media_refused = هذا المتصفح لا يرسل فيديو مباشرًا. أرسل صورة.
error-media_busy = لا مكان للفيديو المباشر الآن. أرسل صورة.
error-no_consent = انتهت موافقتك. قل نعم من جديد.
error-other = لم يُقبل ({ $code }).

# رابط أنشأه موظف الطوارئ لهذا الشخص.
invited-heading = { $agency } يطلب بلاغك
invited-who = الشخص الذي تتحدث معه أنشأ هذا الرابط لك.
invited-seen = اضغط على «ابدأ». يُفتح بلاغ ويرونه فورًا.
invited-asked = يمكنك أن تكتب. يبقى مكانك وصورك والكاميرا مغلقة حتى تقول نعم.
invited-once = يعمل الرابط مرة واحدة، على هذا الهاتف. لا يُثبَّت أي شيء.
invited-start = ابدأ
invited-not-you = ليس لك؟
invited-without = أبلغ بدون الرابط
invited-ask-again = اطلب رابطًا جديدًا من الشخص الذي تحدثت معه. أو أبلغ بدونه: يصل إلى المكان نفسه.
invited-link_used = استُعمل هذا الرابط من قبل
invited-link_expired = انتهت مدة هذا الرابط
invited-link_revoked = سُحب هذا الرابط
invited-session_closed = بلاغ هذا الرابط مغلق
invited-no_such_link = هذا الرابط ناقص
invited-busy = لديك بلاغ مفتوح هنا. لم يُستعمل الرابط: ينتظر حتى ينتهي هذا البلاغ.
invited-after = يوجد رابط لبلاغ جديد.
invited-use = استعمل الرابط
error-link_used = استُعمل هذا الرابط من قبل.
error-link_expired = انتهت مدة هذا الرابط.
error-link_revoked = سُحب هذا الرابط.
error-no_such_link = هذا الرابط ناقص.
