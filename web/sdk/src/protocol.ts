// Generated from proto/src by `cargo xtask generate`. Do not edit.
//
// Types and tables of the Callbox protocol, version 1; the words are in docs/protocol.md.
// Ids are 32 lower-case hexadecimal digits. Optional fields are left out, never null.

/** How urgent a session is: 1 (life at risk now) to 5 (for information). */
export type Priority = 1 | 2 | 3 | 4 | 5;

/** Who did it. */
export type Actor =
  /** The session's resident. */
  | { role: "resident" }
  /** A signed-in person. Residents are shown the role without the name. */
  | {
      role: "staff";
      /** In which role. */
      as: Role;
      /** Who; left out where a resident looks. */
      staff?: string;
    }
  /** The gateway itself. */
  | { role: "gateway" };

/** An agency before anybody connects: its public face, and how its people sign in. */
export type AgencyFace = {
  /** How its people sign in. */
  sign_in: WaysIn;
  /** Its id. */
  agency: string;
  /** Its name. */
  name: string;
  /** What this reaches, in a sentence: in English, or in whatever language an agency has that says it once. */
  banner: string;
  /** The same in further languages, by their tags in lower case. A page whose language is not among them shows `banner`. */
  banner_in?: { [key in string]: string };
  /** The number to call in an emergency. */
  emergency_number: string;
  /** Where quick exit goes. */
  exit_url: string;
  /** What it asks whoever reports, once the session is open. Each may be skipped. */
  fields?: Array<FieldInfo>;
};

/** An agency as its residents and staff see it. */
export type AgencyInfo = {
  /** Its id. */
  agency: string;
  /** Its name. */
  name: string;
  /** What this reaches, in a sentence: in English, or in whatever language an agency has that says it once. */
  banner: string;
  /** The same in further languages, by their tags in lower case. A page whose language is not among them shows `banner`. */
  banner_in?: { [key in string]: string };
  /** The number to call in an emergency. */
  emergency_number: string;
  /** Where quick exit goes. */
  exit_url: string;
  /** What it asks whoever reports, once the session is open. Each may be skipped. */
  fields?: Array<FieldInfo>;
};

/** Why somebody is not available. */
export type AgentReason =
  /** A pause. */
  | "break"
  /** Finishing the last session's notes. */
  | "wrap_up"
  /** Learning. */
  | "training"
  /** Signed in, not yet at work. */
  | "just_signed_in"
  /** Another reason. */
  | "other";

/** Whether a telecommunicator can take sessions (i3 AgentStateChange). */
export type AgentState =
  /** Can take sessions. */
  | "available"
  /** Cannot; a reason says why. */
  | "not_available";

/** The area that an agency answers for, as a circle. */
export type AreaInfo = {
  /** Degrees north of its middle, WGS 84. */
  latitude: number;
  /** Degrees east of its middle, WGS 84. */
  longitude: number;
  /** From the middle to the edge, in km. */
  radius_km: number;
};

/** The supervisors' screen. */
export type Board = {
  /** The gateway's clock. */
  now_ms: number;
  /** Every queue. */
  queues: Array<QueueFigures>;
  /** Everybody who is signed in; a wallboard is told of nobody. */
  people: Array<PersonFigures>;
  /** Telecommunicators by state; those who can take sessions come first. */
  states?: Array<StateFigures>;
  /** What `safe` is worth here, in a word: `local_disk`, `shared_disk`, `replicated`, `island`, `weaker` (only `stored` is said), `none`. */
  guarantee: string;
  /** Every node that serves the agency, and those that are gone since a while; a wallboard is told of none. */
  nodes?: Array<NodeFigures>;
};

/** What the resident says is happening. The agency's own incident types are chosen later, by a person. */
export type Category =
  /** Injury, illness, somebody does not breathe. */
  | "medical"
  /** Fire, smoke, explosion, smell of gas. */
  | "fire"
  /** Somebody is attacked or threatened. */
  | "violence"
  /** Burglary, theft, damage. */
  | "property_crime"
  /** A crash, a blocked or dangerous road. */
  | "traffic"
  /** Water, storm, wires down, dangerous goods. */
  | "hazard"
  /** Somebody is missing or lost. */
  | "missing_person"
  /** Worry about somebody's well-being. */
  | "welfare"
  /** Anything else. */
  | "other";

/** A signed-in person who can be handed a session. */
export type Colleague = {
  /** Who. */
  staff: string;
  /** Name on the screen. */
  name: string;
  /** Can take sessions, or not. */
  state: AgentState;
  /** Why not. */
  reason?: AgentReason;
};

/** What is wrong with a configuration. */
export type ConfigFault =
  /** The file cannot be read. */
  | "unreadable"
  /** It is not TOML. */
  | "syntax"
  /** There is no such setting. */
  | "unknown_key"
  /** The value has a wrong type or form. */
  | "wrong_value"
  /** The value is outside its bounds, or does not go together with another one. */
  | "out_of_bounds";

/** The configuration that a node runs with, and what its file says otherwise. */
export type ConfigFigures = {
  /** Short fingerprint of the agencies' settings in use: the same on nodes whose agencies are set alike. */
  version: string;
  /** Since when they are in use. */
  since_ms: number;
  /** Settings that the file has otherwise and that need a restart, by name; the first 16. Told to the agency that runs the nodes. */
  needs_restart?: Array<string>;
  /** How many more there are. */
  more_need_restart?: number;
  /** The file as it is now is refused, and what was in use before stays. Told to the agency that runs the nodes. */
  refused?: ConfigRefusal;
};

/** Why a configuration is refused. Whoever runs the node reads the whole reason in its log. */
export type ConfigRefusal = {
  /** When. */
  at_ms: number;
  /** The file's name and the line, `callbox.toml:12`, or what else set the value. */
  place: string;
  /** The setting, where it is one. */
  key?: string;
  /** What is wrong with it. */
  fault: ConfigFault;
};

/** What an entry was whose content is destroyed, where nothing but content was in it. */
export type Content =
  /** A finished message. */
  | "text"
  /** Where the device was. */
  | "located"
  /** Where help should go. */
  | "service_located"
  /** How the resident can be reached. */
  | "contact_given"
  /** A note among staff. */
  | "note"
  /** An answer to a question of the agency's own. */
  | "field_answered";

/** What takes two persons: one asks, another one agrees. */
export type Custodial =
  /** The session's log and sealed originals leave the agency's store as a pack. */
  | "export"
  /** The session's photos are destroyed: originals, copies and previews. Its log stays. */
  | "delete_photos";

/** Why photos or words were deleted. */
export type DeletionCause =
  /** Two persons agreed. */
  | "agreed"
  /** The time that the agency keeps them is over. */
  | "retention";

/** What the pages of an agency's people go by, beyond its queues. */
export type DeskInfo = {
  /** Pause in ms after which a sound that nobody has acknowledged comes again, for priorities 1 to 5. */
  sound_repeat_ms: [number, number, number, number, number];
  /** The area that the agency answers for: where a map begins that has no place to show, unless `map_view` says where. */
  area?: AreaInfo;
  /** Where a map begins that has no place to show. */
  map_view?: MapView;
  /** The pictures behind a map. */
  map_tiles?: MapTiles;
  /** Reasons of rules that the agency has put into more languages than English. Rows and events say them in English (`because`), by which the others are found. */
  rule_reasons?: Array<{ [key in string]: string }>;
};

/** What the device can do, said by the device first. */
export type DeviceCan = {
  /** It has a camera that may be used. */
  video: boolean;
  /** It has a microphone that may be used. */
  audio: boolean;
  /** It can tell its place. */
  place: boolean;
};

/** What a session came to (agencies may narrow the list). */
export type Disposition =
  /** Help was sent. */
  | "help_sent"
  /** Answered by advice; nothing was sent. */
  | "advice_given"
  /** Handed to another agency. */
  | "handed_over"
  /** About something already known. */
  | "duplicate"
  /** Nobody could be reached. */
  | "no_contact"
  /** Nothing to do. */
  | "no_action_needed"
  /** A trial. */
  | "test";

/** How far a drain is. */
export type DrainFigures = {
  /** Connections when it began. */
  began_with: number;
  /** Clients told per second. */
  per_s: number;
  /** Until everybody has been told, in ms; 0 when that has passed. */
  left_ms: number;
};

/** Why something was refused. Numbers 1000–1999: this frame; 2000–2999: this command; 3000–3999: who you are; 4000–4999: the gateway just now. */
export type ErrorCode =
  /** Not a message of this protocol. */
  | "malformed_message"
  /** The `kind` is not known to this version. */
  | "unknown_kind"
  /** Nested deeper than 32, or more than 4,096 elements. */
  | "too_deep"
  /** Over the size of a frame or message. */
  | "too_long"
  /** A message that may not come at this point, such as a command before `open`. */
  | "wrong_order"
  /** A text of the wrong kind of frame for the subprotocol. */
  | "wrong_frame"
  /** An empty text or reason. */
  | "text_empty"
  /** A text over its bound. */
  | "text_too_long"
  /** Coordinates that are not on the earth, or an uncertainty out of range. */
  | "location_impossible"
  /** An age below 0: a time in the future. */
  | "time_in_future"
  /** Older than 7 days. */
  | "too_old"
  /** The session is closed. */
  | "session_closed"
  /** No such session, or not yours: both look the same. */
  | "no_such_session"
  /** Somebody else owns it. */
  | "already_taken"
  /** Only its owner may do this. */
  | "not_owner"
  /** Nothing waits in these queues. */
  | "nothing_waits"
  /** No such photo in this session. */
  | "no_such_photo"
  /** More than 100 photos in one session. */
  | "too_many_photos"
  /** Over the size of an original. */
  | "photo_too_large"
  /** Not JPEG, PNG, WebP or HEIC by content. */
  | "photo_type_refused"
  /** The picture cannot be decoded within the limits. */
  | "photo_unreadable"
  /** The preview is too large or not a picture; the announcement stands without it. */
  | "preview_refused"
  /** Upload bytes do not continue where the last ones ended. */
  | "upload_offset"
  /** The upload has expired or never existed. */
  | "no_such_upload"
  /** The session description was refused. */
  | "media_refused"
  /** The resident has not granted this medium, or has stopped it. */
  | "no_consent"
  /** Nothing is being sent live. */
  | "no_media"
  /** No such queue or person in this agency. */
  | "no_such_target"
  /** A value out of its documented range. */
  | "out_of_range"
  /** This command id was used in another session or for opening another one. */
  | "id_reused"
  /** No such node, or one that is gone. */
  | "no_such_node"
  /** A drain would leave the residents of an agency without a node. */
  | "nowhere_to_go"
  /** No such link for responders: wrong, cut short, or of another session, which all look the same. */
  | "no_such_link"
  /** The link for responders is past its end. */
  | "link_expired"
  /** The link for responders was revoked. */
  | "link_revoked"
  /** More than 10 links for responders in one session. */
  | "too_many_links"
  /** More than 50 openings of one link for responders. */
  | "too_many_openings"
  /** No such hold in this session. */
  | "no_such_hold"
  /** More than 16 holds on one session at once. */
  | "too_many_holds"
  /** No such request in this session, past its time, answered already, or not for this person to fetch. */
  | "no_such_request"
  /** The same was asked for already, and its time is not over. */
  | "request_open"
  /** Whoever asked cannot agree. */
  | "own_request"
  /** Only of a session that is closed. */
  | "session_open"
  /** A hold stands: nothing of the session is destroyed. */
  | "on_hold"
  /** The photos of this session were deleted. */
  | "photo_deleted"
  /** A link that opens once, and was opened on another device. */
  | "link_used"
  /** The agency does not ask this, or not any more. */
  | "no_such_field"
  /** The agency does not offer this as an answer, or not any more. */
  | "no_such_choice"
  /** The resident has corrected the category 10 times. */
  | "too_many_changes"
  /** Missing, unreadable or forged. */
  | "token_invalid"
  /** Past its time. */
  | "token_expired"
  /** Name or passphrase wrong: which one is not told. */
  | "sign_in_refused"
  /** Too many wrong passphrases for this name; wait. */
  | "sign_in_slowed"
  /** The device's signature does not match its key or the challenge. */
  | "key_refused"
  /** Your role may not do this. */
  | "not_allowed"
  /** From a page of another site. */
  | "origin_refused"
  /** A sign-in at the agency's provider took longer than it may: begin again. */
  | "sign_in_late"
  /** A sign-in at the provider that was begun elsewhere, is over already, or was changed on its way: begin again. */
  | "sign_in_lost"
  /** The agency's provider did not let this person in. */
  | "provider_refused"
  /** What the provider answered cannot be trusted: signature, issuer, audience or nonce are wrong. */
  | "provider_untrusted"
  /** The provider's clock and ours differ too much. */
  | "clock_differs"
  /** The provider knows the person, but gives no role that counts here. */
  | "no_role"
  /** The provider gives the person no name that can be used here. */
  | "no_staff_name"
  /** The agency has no provider: its people sign in by name and passphrase. */
  | "no_provider"
  /** Write more slowly. */
  | "too_fast"
  /** The store does not answer or is full; nothing was acknowledged. */
  | "store_unavailable"
  /** The node is going down; connect again. */
  | "going_down"
  /** No room for another live connection. */
  | "media_busy"
  /** A fault of ours; it was counted. */
  | "internal"
  /** This node serves no such agency; another node may. */
  | "no_such_agency"
  /** The agency's provider does not answer. */
  | "provider_unavailable";

/** A refusal. */
export type ErrorMessage = {
  /** The command or request it answers; left out when it answers a frame without one. */
  id?: string;
  /** Why. */
  code: ErrorCode;
  /** The code's number. */
  number: number;
  /** Whether to try again. */
  retry: Retry;
  /** Pause before trying again, in ms, with `retry: later`. */
  after_ms?: number;
  /** The code's plain sentence. */
  message: string;
  /** Who owns the session, with `already_taken`. */
  owner?: string;
};

/** A fact in a session's log. */
export type Event =
  /** The session began. */
  | {
      kind: "opened";
      /** Whose session it is. */
      agency: string;
      /** The queue triage chose. */
      queue: string;
      /** What the resident says is happening. */
      category: Category;
      /** Language tag (BCP 47). */
      language: string;
      /** The resident cannot talk and must not be heard. */
      silent: boolean;
      /** What the device can do. */
      device: DeviceCan;
      /** Which device, as a hash of its key. */
      resident: string;
      /** How to contact back, if the resident said so. */
      contact?: string;
      /** Somebody tries the line out: every screen says TEST. */
      test?: boolean;
    }
  /** Triage gave a priority. With the first one the session enters its queue. */
  | {
      kind: "triaged";
      /** The priority. */
      priority: Priority;
      /** The rules that fired, most urgent first; at most 16. */
      rules: Array<RuleFired>;
      /** Version of the rules. */
      version: string;
      /** When an answer is due. */
      deadline_ms: number;
    }
  /** A person changed the priority. Triage does not change it again. */
  | {
      kind: "priority_changed";
      /** The new priority. */
      priority: Priority;
      /** Why, in the person's words. */
      reason: string;
      /** When an answer is due now. */
      deadline_ms: number;
    }
  /** The resident corrected the category. It stays in its queue; where the new one is more urgent, `triaged` follows. */
  | {
      kind: "category_changed";
      /** What it was. */
      from: Category;
      /** What it is. */
      category: Category;
    }
  /** A finished message. */
  | {
      kind: "text";
      /** The text, at most 8,000 characters. */
      text: string;
      /** How long before it reached the gateway it was written, in ms. */
      age_ms: number;
    }
  /** Where the device is (device location). */
  | {
      kind: "located";
      /** The fix. */
      location: Location;
    }
  /** Where help should go (service location), set by a telecommunicator. */
  | {
      kind: "service_located";
      /** The place. */
      location: Location;
      /** The device fix it was taken from, if it was. */
      from?: number;
    }
  /** A photo will come; its id is the command's id. */
  | {
      kind: "photo_announced";
      /** Names the photo. */
      photo: string;
      /** Type the device says it has, for example `image/jpeg`. */
      media_type: string;
      /** Size of the original in bytes. */
      size_bytes: number;
      /** Whether a preview came along; `photo_previewed` or `photo_preview_refused` follows. */
      preview: boolean;
      /** How old it was when announced, in ms. */
      age_ms: number;
    }
  /** The preview was re-encoded and can be shown. */
  | {
      kind: "photo_previewed";
      /** Which photo. */
      photo: string;
    }
  /** The preview that came along cannot be shown: too large, or no picture. The photo itself may still come. */
  | {
      kind: "photo_preview_refused";
      /** Which photo. */
      photo: string;
      /** Why: `preview_refused`. */
      code: ErrorCode;
    }
  /** The original is sealed. */
  | {
      kind: "photo_stored";
      /** Which photo. */
      photo: string;
      /** SHA-256 of the original, hexadecimal. */
      sha256: string;
      /** Size of the original in bytes. */
      size_bytes: number;
      /** Type by content. */
      media_type: string;
      /** Whether a re-encoded copy can be shown; originals that cannot be decoded here (HEIC) are kept only. */
      copy: boolean;
    }
  /** The photo was refused. */
  | {
      kind: "photo_refused";
      /** Which photo. */
      photo: string;
      /** Why. */
      code: ErrorCode;
    }
  /** A person looked at the photo. */
  | {
      kind: "photo_revealed";
      /** Which photo. */
      photo: string;
    }
  /** The photo is about to be sent to somebody who does not own the session, or its original to anybody. Once in an hour for each person, or link, and photo, however often it is read; the original apart. */
  | {
      kind: "photo_fetched";
      /** Which photo. */
      photo: string;
      /** The original, and not what is shown of it. */
      original?: boolean;
      /** With which link for responders, where it was one. */
      link?: string;
    }
  /** A telecommunicator asks for something; the ask's id is the command's id. */
  | {
      kind: "asked";
      /** Names the ask. */
      ask: string;
      /** For what. */
      medium: Medium;
      /** A question beside it. */
      question?: string;
    }
  /** The resident granted or refused, or stopped. */
  | {
      kind: "consented";
      /** To what. */
      medium: Medium;
      /** Yes, or no (also: stop). */
      granted: boolean;
      /** The ask it answers. */
      ask?: string;
    }
  /** The resident said how to be reached when the page is closed. The newest one counts, before that of `opened`. */
  | {
      kind: "contact_given";
      /** A telephone number, or other words; at most 200 characters. */
      contact: string;
    }
  /** The resident answered a question of the agency's own. The newest answer to each counts. */
  | {
      kind: "field_answered";
      /** To which. */
      field: string;
      /** The question, in English. */
      label: string;
      /** The question as it was asked, where that was in another language. */
      asked?: string;
      /** The answer. */
      answer: FieldAnswer;
    }
  /** Live media flows. */
  | {
      kind: "media_started";
      /** Camera or microphone. */
      medium: Medium;
    }
  /** Live media ended. */
  | {
      kind: "media_ended";
      /** Camera or microphone. */
      medium: Medium;
      /** Why. */
      reason: MediaEnd;
    }
  /** A person took the session: whoever did it owns it now. */
  | { kind: "taken" }
  /** It went back to its queue with its first deadline. */
  | {
      kind: "released";
      /** Why. */
      reason: ReleaseReason;
    }
  /** It was handed on; complete when the other side takes it. */
  | {
      kind: "transferred";
      /** To whom. */
      target: TransferTarget;
      /** The queue it waits in now. */
      queue: string;
      /** For the next telecommunicator. */
      note: string;
    }
  /** The resident left. */
  | {
      kind: "left";
      /** By quick exit: do not contact back unasked. */
      quick_exit: boolean;
    }
  /** The resident left, or was away too long, before an answer. */
  | { kind: "abandoned" }
  /** The resident came back to an abandoned session; it waits again with its first deadline. */
  | { kind: "returned" }
  /** The session is finished. */
  | {
      kind: "closed";
      /** What it came to. */
      disposition: Disposition;
      /** A closing note. */
      note: string;
    }
  /** A note among staff. */
  | {
      kind: "note";
      /** The text, at most 8,000 characters. */
      text: string;
    }
  /** Somebody watches without owning. */
  | {
      kind: "watched";
      /** Who. */
      staff: string;
      /** In which role. */
      as: Role;
    }
  /** Everything up to here was opened by a person. */
  | {
      kind: "seen";
      /** Last sequence number seen. */
      up_to: number;
    }
  /** This happened at a gateway that was cut off from the others, and no longer counts: somebody else had moved the session on meanwhile. With `taken` inside, this person was in the session too. Both sides are shown it. */
  | {
      kind: "overruled";
      /** What happened. */
      event: Event;
    }
  /** A person said that it reports the same event as other sessions: it belongs to this incident, and to no other. */
  | {
      kind: "linked";
      /** The incident. */
      incident: string;
      /** The one it belonged to before. */
      moved_from?: string;
    }
  /** A person took it out of this incident. */
  | {
      kind: "unlinked";
      /** The incident. */
      incident: string;
    }
  /** A person made a link for responders; its id is the command's id. */
  | {
      kind: "responder_link_made";
      /** Names the link. */
      link: string;
      /** SHA-256 of the link's secret, hexadecimal. The secret itself is nowhere in the log. */
      digest: string;
      /** When it ends. */
      ends_ms: number;
      /** For whom it is, in the person's words; may be empty. */
      note: string;
    }
  /** Somebody opened a link for responders. */
  | {
      kind: "responder_link_opened";
      /** Which link. */
      link: string;
      /** The name or unit that was typed; nothing proves it. */
      name: string;
    }
  /** A person ended a link for responders. */
  | {
      kind: "responder_link_revoked";
      /** Which link. */
      link: string;
    }
  /** A person put the session on hold; the hold's id is the command's id. Nothing of it is destroyed while a hold stands. */
  | {
      kind: "hold_placed";
      /** Names the hold. */
      hold: string;
      /** Why, in the person's words. */
      reason: string;
    }
  /** A person lifted a hold. */
  | {
      kind: "hold_lifted";
      /** Which hold. */
      hold: string;
      /** Why, in the person's words. */
      reason: string;
    }
  /** A person asked for something that takes two persons; the request's id is the command's id. */
  | {
      kind: "custody_requested";
      /** Names the request. */
      request: string;
      /** For what. */
      what: Custodial;
      /** Why, in the person's words. */
      reason: string;
      /** Until when somebody else can agree. */
      ends_ms: number;
    }
  /** Somebody else agreed. */
  | {
      kind: "custody_agreed";
      /** To which request. */
      request: string;
      /** Until when the export can be fetched; of a deletion, when it was agreed to: it follows at once. */
      ends_ms: number;
    }
  /** The request was declined, taken back, or ended before its time. */
  | {
      kind: "custody_declined";
      /** Which request. */
      request: string;
      /** Why, in the person's words. */
      reason: string;
    }
  /** The export of this session, up to here, is about to be sent to this person. */
  | {
      kind: "exported";
      /** By which request. */
      request: string;
    }
  /** The photos of this session are deleted: nobody is given them from here on, and their bytes are destroyed next. What the log says of them stays. */
  | {
      kind: "photos_deleted";
      /** Why. */
      cause: DeletionCause;
      /** By which request, where two persons agreed. */
      request?: string;
      /** How many days the agency keeps photos, where their time was over. */
      days?: number;
      /** Photos that were announced in the session. */
      photos: number;
    }
  /** The bytes of the deleted photos are destroyed. */
  | {
      kind: "photos_destroyed";
      /** Originals whose content other sessions have too: these lost them, the others keep them. */
      shared: number;
    }
  /** What was written in this session is deleted, up to this entry: nobody is given it from here on, and it is destroyed next. Who did what and when stays. */
  | {
      kind: "words_deleted";
      /** Why. */
      cause: DeletionCause;
      /** How many days the agency keeps words. */
      days?: number;
      /** The last entry that `sha256` is of. */
      up_to: number;
      /** SHA-256, hexadecimal, of the first entries' bytes as they were stored, one after the other, each behind its length (eight bytes, the highest first). One for all of them: that of a short entry alone would let its words be guessed. */
      sha256: string;
    }
  /** What was written is destroyed: no store that the gateway uses holds it any more. */
  | {
      kind: "words_destroyed";
      /** Entries that lost something, since the session began. */
      entries: number;
    }
  /** An entry that had nothing in it but content that is destroyed. */
  | {
      kind: "destroyed";
      /** What it was. */
      was: Content;
    }
  /** A person made a link that opens this session: with it the session begins, before a resident is there. Its id is the command's id. */
  | {
      kind: "report_link_made";
      /** Whose session it is. */
      agency: string;
      /** The queue it would wait in. */
      queue: string;
      /** SHA-256 of the link's secret, hexadecimal; left out where a resident looks. The secret itself is nowhere in the log. */
      digest?: string;
      /** When it ends, unless it was opened before. */
      ends_ms: number;
    }
  /** A device opened the link: it is the session's from now on, and the link opens nothing more. */
  | {
      kind: "report_link_opened";
      /** What the resident says is happening. */
      category: Category;
      /** Language tag (BCP 47). */
      language: string;
      /** The resident cannot talk and must not be heard. */
      silent: boolean;
      /** What the device can do. */
      device: DeviceCan;
      /** Which device, as a hash of its key. */
      resident: string;
      /** How to contact back, if the resident said so. */
      contact?: string;
    }
  /** A person ended the link before it was opened; the session is finished with it. */
  | { kind: "report_link_revoked" }
  /** How suspicious the session is changed; with 0 nothing speaks against it any more. Nothing else follows from it. */
  | {
      kind: "suspected";
      /** The number, with its reasons. */
      suspicion: Suspicion;
      /** Version of the rules. */
      version: string;
    };

/** What was answered, in words that a later change of the settings does not change. */
export type FieldAnswer =
  /** Words. */
  | {
      kind: "text";
      /** As they were written. */
      text: string;
    }
  /** One of several. */
  | {
      kind: "choice";
      /** Which one. */
      option: string;
      /** What it says, in English. */
      label: string;
      /** What it said on the resident's screen, where that was something else. */
      asked?: string;
    }
  /** Yes or no. */
  | {
      kind: "yes_no";
      /** Yes. */
      yes: boolean;
    };

/** A question of an agency's own. Nobody has to answer it. */
export type FieldInfo = {
  /** Names it. */
  field: string;
  /** The question, in each language. */
  label: { [key in string]: string };
  /** What an answer is. */
  answer: FieldKind;
  /** Asked of these only; of all where left out. */
  categories?: Array<Category>;
};

/** What an answer is. */
export type FieldKind =
  /** Words. */
  | {
      kind: "text";
      /** Most characters. */
      max_chars: number;
    }
  /** One of these. */
  | {
      kind: "choice";
      /** What can be chosen. */
      options: Array<FieldOption>;
    }
  /** Yes or no. */
  | { kind: "yes_no" };

/** Something that can be chosen. */
export type FieldOption = {
  /** Names it among the others. */
  option: string;
  /** What it says, in each language. */
  label: { [key in string]: string };
};

/** What a resident's client sends. */
export type FromResident =
  /** First message: proves the device's key. The signature (ECDSA P-256, SHA-256, r ‖ s, 64 bytes) covers the ASCII text `callbox-hello-v1` followed by the 32 bytes of the challenge's nonce. */
  | {
      kind: "hello";
      /** Name and version of the client, at most 100 characters. */
      client: string;
      /** Public key: uncompressed point, 65 bytes, first byte 4. */
      key: Uint8Array;
      /** The signature. */
      signature: Uint8Array;
      /** Agency to reach; the gateway's default where left out. */
      agency?: string;
    }
  /** Opens a session; the id is remembered as every command's. */
  | {
      kind: "open";
      /** Command id. */
      id: string;
      /** How it begins. */
      opening: Opening;
    }
  /** Opens the session that a person has made a link to. The link opens once: it is this device's then. */
  | {
      kind: "open_by_link";
      /** Command id. */
      id: string;
      /** The session that the link names. */
      session: string;
      /** The link's secret: 43 characters of base64url. */
      secret: string;
      /** How it begins. A test there is none. */
      opening: Opening;
    }
  /** Goes on with a session after a break: the entries after `after` follow. */
  | {
      kind: "resume";
      /** Which session. */
      session: string;
      /** Last sequence number received; 0 for all. */
      after: number;
    }
  /** A command in the open session. */
  | {
      kind: "do";
      /** Command id. */
      id: string;
      /** What to do. */
      command: ResidentCommand;
    }
  /** Text as it is typed. */
  | { kind: "real_time_text" } & RealTimeText
  /** Offers live media (SDP); answered by `media_answer` or `error` with the same id. */
  | {
      kind: "media_offer";
      /** Names the request. */
      id: string;
      /** The offer, at most 32 KiB; candidates are not needed. */
      sdp: string;
    }
  /** Entries up to here arrived. */
  | {
      kind: "delivered";
      /** Last sequence number received. */
      up_to: number;
    }
  /** Entries up to here were read by the resident. */
  | {
      kind: "seen";
      /** Last sequence number read. */
      up_to: number;
    }
  /** Asks for a fresh upload token. */
  | { kind: "refresh_token" }
  /** Is the link alive? Answered by `pong`. */
  | {
      kind: "ping";
      /** Comes back as it is. */
      n: number;
    };

/** What a responder's page sends. */
export type FromResponder =
  /** First message: follows the session of the link from after a place. */
  | {
      kind: "hello";
      /** Name and version of the client, at most 100 characters. */
      client: string;
      /** The token that the link was traded for. */
      token: string;
      /** Last sequence number received; 0 for all. */
      after: number;
    }
  /** Offers to receive live media. Nothing is ever taken from a responder. */
  | {
      kind: "media_offer";
      /** Names the request. */
      id: string;
      /** The offer. */
      sdp: string;
    }
  /** Stops receiving. */
  | { kind: "media_stop" }
  /** Is the link alive? */
  | {
      kind: "ping";
      /** Comes back as it is. */
      n: number;
    };

/** What a staff client sends. */
export type FromStaff =
  /** First message. */
  | {
      kind: "hello";
      /** Name and version of the client, at most 100 characters. */
      client: string;
      /** Token of the sign-in. */
      token: string;
    }
  /** A fresh token of the same person: the link lives until that one ends. `error` when it is none. */
  | {
      kind: "renew";
      /** The token. */
      token: string;
    }
  /** Registers as a dequeuer (NENA i3 DequeueRegistration). */
  | {
      kind: "register";
      /** The queues to take from; empty deregisters. */
      queues: Array<string>;
    }
  /** Says whether sessions can be taken. */
  | {
      kind: "set_agent_state";
      /** Can, or cannot. */
      state: AgentState;
      /** Why not. */
      reason?: AgentReason;
    }
  /** Takes the next session of the registered queues. The receipt names the session. */
  | {
      kind: "take_next";
      /** Command id. */
      id: string;
    }
  /** Makes a link with which somebody reports, who called by voice for example: a session that is yours from the start and waits for the device that opens the link. The receipt names the session. The gateway never has the link's secret: 32 random bytes, made where it is shown. */
  | {
      kind: "make_report_link";
      /** Command id. */
      id: string;
      /** SHA-256 of the secret, hexadecimal. */
      digest: string;
    }
  /** A command to one session. */
  | {
      kind: "do";
      /** Command id. */
      id: string;
      /** Which session. */
      session: string;
      /** What to do. */
      command: StaffCommand;
    }
  /** Follows a session's log from after a place: `session`, then entries. Owner, supervisors (after `watch`) and auditors. */
  | {
      kind: "follow";
      /** Which session. */
      session: string;
      /** Last sequence number received; 0 for all. */
      after: number;
    }
  /** Stops following. */
  | {
      kind: "unfollow";
      /** Which session. */
      session: string;
    }
  /** Entries up to here arrived. */
  | {
      kind: "delivered";
      /** Which session. */
      session: string;
      /** Last sequence number received. */
      up_to: number;
    }
  /** Text as it is typed to the resident. */
  | {
      kind: "real_time_text";
      /** Which session. */
      session: string;
      /** What is typed. */
      typed: RealTimeText;
    }
  /** Offers to receive (and, as the owner, to talk). */
  | {
      kind: "media_offer";
      /** Names the request. */
      id: string;
      /** Which session. */
      session: string;
      /** The offer. */
      sdp: string;
      /** Whether the owner's microphone is offered. */
      talk: boolean;
    }
  /** Stops receiving. */
  | {
      kind: "media_stop";
      /** Which session. */
      session: string;
    }
  /** Asks for finished sessions, newest first; answered by `history`. */
  | {
      kind: "list_closed";
      /** Names the request. */
      id: string;
      /** Continue after this session of the last answer. */
      after?: string;
    }
  /** Has a node send its clients to other nodes, or go on so with another time and rate. Answered by `done`. */
  | {
      kind: "drain";
      /** Names the request. */
      id: string;
      /** Which node, by its name in `board`. */
      node: string;
      /** Everybody has been told when this is over, in s; 1 to 86,400. */
      within_s: number;
      /** Clients told per second, at least 1; as many as it takes to be through after half of the time where left out. */
      per_s?: number;
    }
  /** Calls a drain off: the clients that are still there stay, and new ones are taken. Answered by `done`. */
  | {
      kind: "undrain";
      /** Names the request. */
      id: string;
      /** Which node. */
      node: string;
    }
  /** What this page has asked of its person since it told so last; nothing answers. More than an hour of it at once is not counted. */
  | {
      kind: "tally";
      /** Alarms that sounded. */
      alarms: number;
      /** Time in which a revealed photo or a live picture was in view, in ms. */
      exposed_ms: number;
    }
  /** Is the link alive? */
  | {
      kind: "ping";
      /** Comes back as it is. */
      n: number;
    };

/** Bounds a client should keep; the gateway enforces them. */
export type Limits = {
  /** Bytes in one message to the gateway. */
  message_bytes: number;
  /** Characters in one text. */
  text_chars: number;
  /** Bytes in a photo's preview. */
  preview_bytes: number;
  /** Bytes in a photo's original. */
  photo_bytes: number;
  /** Photos in one session. */
  photos: number;
};

/** A point on the earth with what is known about its truth. Never a bare point (PIDF-LO: a Circle with method). */
export type Location = {
  /** Degrees north, WGS 84, -90 to 90. */
  latitude: number;
  /** Degrees east, WGS 84, -180 to 180. */
  longitude: number;
  /** Radius in metres of the circle that holds the device with 95 % confidence; 0 to 100,000. */
  uncertainty_m: number;
  /** How it was found. */
  method: LocationMethod;
  /** How old the fix was when it was sent, in ms; 0 to 604,800,000 (7 days). Ages, not times: devices' clocks are wrong. */
  age_ms: number;
  /** The place in words, if somebody typed it; at most 500 characters. */
  words?: string;
};

/** How a place was found. */
export type LocationMethod =
  /** Satellites. */
  | "gnss"
  /** The device does not say how (browsers). */
  | "device"
  /** Typed, or moved by hand. */
  | "manual"
  /** Radio cell. */
  | "cell"
  /** Wireless networks nearby. */
  | "wifi"
  /** Read from a photo's metadata: claimed, not measured. */
  | "claimed";

/** The session of a priority that waits longest in its queue. */
export type LongestWait = {
  /** Its priority. */
  priority: Priority;
  /** When it entered. */
  since_ms: number;
};

/** The pictures behind a map: squares of 256 pixels in the usual projection. */
export type MapTiles = {
  /** Their address, with `{z}`, `{x}` and `{y}` in it. */
  template: string;
  /** Closest zoom of which there are pictures. */
  max_zoom: number;
  /** Whose map it is. Plain text, to be shown whenever its pictures are. */
  attribution: string;
};

/** Where a map stands. */
export type MapView = {
  /** Degrees north of its middle, WGS 84. */
  latitude: number;
  /** Degrees east of its middle, WGS 84. */
  longitude: number;
  /** How close: 0 is the whole earth, each step doubles the scale, up to 19. */
  zoom: number;
};

/** Why live media ended. */
export type MediaEnd =
  /** The resident stopped it. */
  | "stopped"
  /** The link was lost. */
  | "lost"
  /** The session ended. */
  | "session_ended";

/** A kind of thing a resident may be asked for and may grant or stop. */
export type Medium =
  /** The place of the device. */
  | "place"
  /** Still pictures. */
  | "photo"
  /** The camera, live. */
  | "video"
  /** The microphone, live; hearing the telecommunicator needs no grant. */
  | "audio";

/** A node as it tells itself, or as it was last heard. */
export type NodeFigures = {
  /** Its configured name; empty for a node alone. */
  name: string;
  /** Version of its program. */
  version: string;
  /** Whether it takes clients. */
  state: NodeState;
  /** It is the one that tells this. */
  here?: boolean;
  /** When it was last heard. */
  heard_ms: number;
  /** Its open connections; told to the agency that runs the nodes. */
  connections?: number;
  /** Sessions it holds in memory; told to the agency that runs the nodes. */
  sessions?: number;
  /** What `safe` is worth there, in a word of `Board::guarantee`. */
  guarantee: string;
  /** Why nothing is safe there, in English for whoever runs it. */
  because?: string;
  /** Records that are only kept there: stored, and not yet safe. */
  kept?: number;
  /** When the oldest of them was kept. */
  kept_since_ms?: number;
  /** Bytes that are free on the disk of its data folder. */
  disk_free_bytes?: number;
  /** How far its drain is. */
  drain?: DrainFigures;
  /** What of this agency it is configured with otherwise than the node that tells: `agency`, `queues`, `triage`. */
  differs?: Array<string>;
  /** The configuration that it runs with. */
  config?: ConfigFigures;
};

/** Whether a node takes clients. */
export type NodeState =
  /** It does. */
  | "ready"
  /** It sends its clients to other nodes, and refuses who comes. */
  | "draining"
  /** It said good-bye, or nothing has been heard of it for a while. */
  | "gone";

/** Opens a link for responders. */
export type OpenResponderLink = {
  /** Made by the client: sent again it is the same opening. */
  id: string;
  /** The session that the link leads to. */
  session: string;
  /** The link's secret, 43 characters. */
  secret: string;
  /** Who opens it, or which unit. */
  name: string;
};

/** How a session begins. */
export type Opening = {
  /** What is happening. */
  category: Category;
  /** Language tag (BCP 47), at most 35 characters. */
  language: string;
  /** The resident cannot talk and must not be heard. */
  silent: boolean;
  /** What the device can do. */
  device: DeviceCan;
  /** How to contact back; at most 200 characters. */
  contact?: string;
  /** First words; at most 8,000 characters. */
  text?: string;
  /** First place. */
  location?: Location;
  /** Somebody tries the line out: every screen says TEST, and the session counts in no figure of the day. */
  test?: boolean;
};

/** A signed-in person. */
export type PersonFigures = {
  /** Who. */
  staff: string;
  /** Name on the screen. */
  name: string;
  /** Role. */
  role: Role;
  /** Can take sessions, or not. */
  state: AgentState;
  /** Why not. */
  reason?: AgentReason;
  /** Since when. */
  since_ms: number;
  /** Sessions owned. */
  sessions: number;
  /** Alarms that sounded for them in the last ten minutes, as their pages tell. */
  alarms: number;
  /** Time of this shift in which a revealed photo or a live picture was in their view, in ms, as their pages tell. */
  exposed_ms: number;
};

/** A refused request (RFC 9457): a code for programs, a sentence for people, and whether to try again. */
export type Problem = {
  /** Always `about:blank`. */
  type: string;
  /** The status in words. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** One of the protocol's codes, or a word that only HTTP has. */
  code: string;
  /** The code's number; left out for the words that only HTTP has. */
  number?: number;
  /** Whether to try again. */
  retry: Retry;
  /** Pause before trying again, in ms, with `retry: later`. */
  after_ms?: number;
  /** The code's plain sentence. */
  message: string;
};

/** Where the page goes. */
export type ProviderAddress = {
  /** At the provider. */
  url: string;
};

/** A page begins to sign in at its agency's provider. */
export type ProviderBegin = {
  /** The agency. */
  agency: string;
  /** Where the page stands, as path and query: it is led back there. */
  back: string;
  /** SHA-256 of a secret that the page keeps, in base64url. */
  proof: string;
  /** Whether the provider shall ask who is there even if it knows. */
  afresh?: boolean;
};

/** A page ends it: its secret, and what the provider sent with the browser. */
export type ProviderEnd = {
  /** The secret whose digest began it. */
  secret: string;
  /** Names the trip. */
  state: string;
  /** The provider's code, if it let the person in. */
  code?: string;
  /** Who the provider says it is (RFC 9207). */
  iss?: string;
  /** Why there is no code. */
  error?: string;
};

/** Figures of one queue, since midnight (gateway's clock, UTC) where a span is needed. */
export type QueueFigures = {
  /** Which queue. */
  queue: string;
  /** How many wait now. */
  waiting: number;
  /** How many wait by priority, 1 to 5. */
  waiting_by_priority: [number, number, number, number, number];
  /** When the one that waits longest entered. */
  longest_since_ms?: number;
  /** The one that waits longest, of each priority of which one waits, from 1 on. */
  longest?: Array<LongestWait>;
  /** Answered. */
  answered: number;
  /** Answered within the target of their priority. */
  answered_in_target: number;
  /** Abandoned. */
  abandoned: number;
  /** People available for it. */
  staffed: number;
};

/** A queue and what it should reach. */
export type QueueInfo = {
  /** Its id. */
  queue: string;
  /** Its name on the screen. */
  name: string;
  /** Target wait in ms for priorities 1 to 5. */
  targets_ms: [number, number, number, number, number];
  /** Share to be answered within the target, in percent. */
  target_share_percent: number;
};

/** Real-time text (T.140): what is being typed, replaced from a place on. May be lost; losses are seen by `part`. */
export type RealTimeText = {
  /** The message being written; its final `text` command has this id. */
  message: string;
  /** 0, 1, 2 … without holes; a receiver that misses one marks U+FFFD until a packet with `from` 0 comes. */
  part: number;
  /** Keep this many characters (Unicode scalar values) of what is there, drop the rest … */
  from: number;
  /** … and append this; at most 2,000 characters. */
  text: string;
};

/** Why a session went back to its queue. */
export type ReleaseReason =
  /** The telecommunicator gave it back. */
  | "given_back"
  /** The console that owned it was lost. */
  | "console_lost"
  /** A supervisor took it away. */
  | "taken_away";

/** What a resident does in their own session. */
export type ResidentCommand =
  /** A finished message. */
  | {
      kind: "text";
      /** 1 to 8,000 characters. */
      text: string;
      /** How long ago it was written, in ms, 0 to 604,800,000. */
      age_ms: number;
    }
  /** A fix of the device's place. */
  | {
      kind: "locate";
      /** The fix. */
      location: Location;
    }
  /** Announces a photo, whose id is this command's id. The original follows by resumable upload. */
  | {
      kind: "announce_photo";
      /** Media type, for example `image/jpeg`; at most 100 characters. */
      media_type: string;
      /** Size of the original, 1 to 52,428,800 bytes. */
      size_bytes: number;
      /** JPEG, at most 131,072 bytes and 1,280 pixels a side. Shown only after re-encoding. */
      preview?: Uint8Array;
      /** How long ago it was taken or chosen, in ms. */
      age_ms: number;
    }
  /** Grants or refuses; refusing what flows stops it at once. */
  | {
      kind: "consent";
      /** To what. */
      medium: Medium;
      /** Yes or no. */
      granted: boolean;
      /** The ask it answers. */
      ask?: string;
    }
  /** Says how to be reached when the page is closed. The newest one counts. */
  | {
      kind: "give_contact";
      /** A telephone number, or other words; 1 to 200 characters. */
      contact: string;
    }
  /** Answers a question of the agency's own. The newest answer to each counts. */
  | {
      kind: "answer_field";
      /** To which. */
      field: string;
      /** The words; the name of what is chosen; `yes` or `no`. At most 500 characters. */
      value: string;
      /** Language tag (BCP 47) in which it was asked; that of the opening where left out. */
      language?: string;
    }
  /** Corrects the category, at most 10 times; the same one again changes nothing. */
  | {
      kind: "set_category";
      /** What is happening. */
      category: Category;
    }
  /** Leaves. */
  | {
      kind: "leave";
      /** By quick exit: do not contact back unasked. */
      quick_exit: boolean;
    };

/** The link is open. */
export type ResponderLinkOpened = {
  /** The token for the socket and for photos. */
  token: string;
  /** When the link ends. */
  ends_ms: number;
};

/** What a client should do after an error. */
export type Retry =
  /** The same again is useless: change it, or tell the person. */
  | "never"
  /** Do something first (sign in, refresh the token, read what is new), then the same again. */
  | "after_change"
  /** The same again, with the same id, after a pause. */
  | "later";

/** Who somebody is to the gateway. */
export type Role =
  /** The person who reports. */
  | "resident"
  /** The person at a dispatch console. */
  | "telecommunicator"
  /** Sees queues, people and sessions; may watch, take over, reassign. */
  | "supervisor"
  /** Reads what happened, changes nothing. */
  | "auditor"
  /** Runs the agency's set-up, sees no sessions. */
  | "administrator"
  /** A screen for a room, opened by a supervisor: reads the board without anybody's name, and nothing else. */
  | "wallboard"
  /** A unit in the field that opened a link: reads one session, as far as the link lets it, and changes nothing. */
  | "responder";

/** Where a session is, for a map of many sessions and for finding reports of one event. It follows the device in steps of some 50 m; the log has every fix. */
export type RowPlace = {
  /** Degrees north, WGS 84. */
  latitude: number;
  /** Degrees east, WGS 84. */
  longitude: number;
  /** Radius in metres of the circle that holds the device with 95 % confidence; 0 to 100,000. */
  uncertainty_m: number;
  /** Where help should go, set by a person; else a fix of the device. */
  service: boolean;
};

/** A request that takes two persons, in a list. */
export type RowRequest = {
  /** For what. */
  what: Custodial;
  /** Who asked. */
  by: string;
  /** Somebody else agreed. */
  agreed: boolean;
  /** When its time is over. */
  ends_ms: number;
};

/** One rule of triage that fired. */
export type RuleFired = {
  /** The rule's name in the rules file. */
  rule: string;
  /** The priority it asks for. */
  priority: Priority;
  /** Why, in words for a telecommunicator. */
  because: string;
};

/** Durability rung of a receipt. */
export type Rung =
  /** On disk at one node. */
  | "stored"
  /** Confirmed by the shared tier; on one node, fsynced. */
  | "safe";

/** A session in a list. */
export type SessionRow = {
  /** Which session. */
  session: string;
  /** The queue it waits in or was taken from. */
  queue: string;
  /** Where it stands. */
  standing: Standing;
  /** Its priority. */
  priority: Priority;
  /** Why it has it. */
  rules: Array<RuleFired>;
  /** A person set the priority, and said why. */
  priority_reason?: string;
  /** What the resident says is happening. */
  category: Category;
  /** Language tag. */
  language: string;
  /** The resident cannot talk and must not be heard. */
  silent: boolean;
  /** When it entered its queue. */
  entered_ms: number;
  /** When an answer is due. */
  deadline_ms: number;
  /** Order within its queue, lowest first. */
  rank: number;
  /** Who owns it. */
  owner?: string;
  /** Whom it waits for, after a transfer to a person. */
  reserved_for?: string;
  /** When it was first answered. */
  answered_ms?: number;
  /** Whether a place is known. */
  located: boolean;
  /** Photos announced. */
  photos: number;
  /** Messages by the resident. */
  messages: number;
  /** What flows live, by the log. */
  live: Array<Medium>;
  /** Whether the resident is connected (by this node). */
  connected: boolean;
  /** The resident left by quick exit: do not contact back unasked. */
  quick_exit: boolean;
  /** Somebody tries the line out: it counts in no figure of the day. */
  test?: boolean;
  /** The agency's word for duress was read: whoever writes may be watched. Never told to residents. */
  duress?: boolean;
  /** Where it is, where that is known. */
  place?: RowPlace;
  /** The incident it belongs to: sessions with the same one report the same event, as a person said. */
  incident?: string;
  /** How to contact back: told of abandoned sessions, unless the resident left by quick exit. */
  contact?: string;
  /** It was made with a link that no device has opened yet: when that ends. */
  link_ends_ms?: number;
  /** A hold stands: nothing of it is destroyed. */
  on_hold?: boolean;
  /** What was asked for and has been neither declined nor fetched to its end; past its time by its own word. */
  requests?: Array<RowRequest>;
  /** How suspicious it is, and why; left out where nothing speaks against it. It changes no order and hides nothing, and is never told to residents. */
  suspicion?: Suspicion;
};

/** Asks to sign in by name and passphrase. */
export type SignInRequest = {
  /** The agency. */
  agency: string;
  /** Sign-in name. */
  name: string;
  /** Passphrase. */
  passphrase: string;
};

/** A signed-in person. */
export type SignedIn = {
  /** Short-lived token, sent as `Authorization: Bearer` and in the socket's hello. */
  token: string;
  /** When it expires, by the gateway's clock. */
  expires_ms: number;
  /** Agency. */
  agency: string;
  /** Sign-in name. */
  staff: string;
  /** Name on the screen. */
  name: string;
  /** Role. */
  role: Role;
  /** From when on no renewal helps: a sign-in at an agency's provider has an end. */
  ends_ms?: number;
};

/** What a person of an agency does to a session. */
export type StaffCommand =
  /** Takes this session; the first one wins. */
  | { kind: "take" }
  /** Gives it back to its queue. A supervisor may take it away from somebody. */
  | { kind: "release" }
  /** Hands it on. */
  | {
      kind: "transfer";
      /** To whom. */
      target: TransferTarget;
      /** For the next telecommunicator; at most 8,000 characters. */
      note: string;
    }
  /** Finishes it. */
  | {
      kind: "close";
      /** What it came to. */
      disposition: Disposition;
      /** A closing note; at most 8,000 characters. */
      note: string;
    }
  /** Writes to the resident. */
  | {
      kind: "text";
      /** 1 to 8,000 characters. */
      text: string;
    }
  /** Asks the resident for something; the ask's id is this command's id. */
  | {
      kind: "ask";
      /** For what. */
      medium: Medium;
      /** A question beside it; at most 500 characters. */
      question?: string;
    }
  /** Writes a note among staff. */
  | {
      kind: "note";
      /** 1 to 8,000 characters. */
      text: string;
    }
  /** Changes the priority. */
  | {
      kind: "set_priority";
      /** The new one. */
      priority: Priority;
      /** Why; 1 to 500 characters. */
      reason: string;
    }
  /** Sets where help should go. */
  | {
      kind: "set_service_location";
      /** The place. */
      location: Location;
      /** The device fix it was taken from. */
      from?: number;
    }
  /** Looks at a photo. */
  | {
      kind: "reveal";
      /** Which one. */
      photo: string;
    }
  /** Has read everything up to here. */
  | {
      kind: "seen";
      /** Last sequence number seen. */
      up_to: number;
    }
  /** Watches without owning. */
  | { kind: "watch" }
  /** Says that it reports the same event as another session: it belongs to this incident from now on, and to no other. Sent to both sessions. */
  | {
      kind: "link";
      /** The incident that the other session belongs to; where neither belongs to one, the id of the session that came first. */
      incident: string;
    }
  /** Takes it out of this incident. Where it belongs to another one by now, nothing changes. */
  | {
      kind: "unlink";
      /** Which one. */
      incident: string;
    }
  /** Makes a link with which responders follow this session; the link's id is this command's id. The gateway never has the link's secret: 32 random bytes, made where it is shown. */
  | {
      kind: "make_responder_link";
      /** SHA-256 of the secret, hexadecimal. */
      digest: string;
      /** How long it lives, in ms, 1,000 to 43,200,000. */
      life_ms: number;
      /** For whom it is; at most 80 characters. */
      note: string;
    }
  /** Ends the link with which this session is to be opened, before a device has opened it. The session is finished with it. */
  | { kind: "revoke_report_link" }
  /** Ends a link for responders, and whoever follows through it, at once. */
  | {
      kind: "revoke_responder_link";
      /** Which one. */
      link: string;
    }
  /** Puts the session on hold: nothing of it is destroyed while a hold stands, whatever its time. The hold's id is this command's id. */
  | {
      kind: "place_hold";
      /** Why; 1 to 500 characters. */
      reason: string;
    }
  /** Asks for something that takes two persons, of a session that is closed; the request's id is this command's id. A deletion is refused while a hold stands. */
  | {
      kind: "request_custody";
      /** For what. */
      what: Custodial;
      /** Why; 1 to 500 characters. */
      reason: string;
    }
  /** Agrees to what somebody else asked for. With it photos are deleted, unless a hold stands by now. */
  | {
      kind: "agree_custody";
      /** To which request. */
      request: string;
    }
  /** Declines what was asked for, or takes back what oneself asked for, or ends an export before its time. */
  | {
      kind: "decline_custody";
      /** Which request. */
      request: string;
      /** Why; 1 to 500 characters. */
      reason: string;
    }
  /** Lifts a hold. */
  | {
      kind: "lift_hold";
      /** Which one. */
      hold: string;
      /** Why; 1 to 500 characters. */
      reason: string;
    };

/** Where a session stands. */
export type Standing =
  /** In a queue. */
  | "waiting"
  /** A telecommunicator owns it. */
  | "owned"
  /** The resident left before an answer; someone contacts back. */
  | "abandoned"
  /** Finished. */
  | "closed";

/** How many telecommunicators are in one state. */
export type StateFigures = {
  /** Why they cannot take sessions; those who can have none. */
  reason?: AgentReason;
  /** How many. */
  people: number;
};

/** How much speaks against a session being what it says, with what speaks (i3 CallSuspicion). It is told to staff and changes nothing: neither the order of a queue nor what is shown. */
export type Suspicion = {
  /** 0 to 100: the points of the reasons together, at most 100. */
  number: number;
  /** The reasons, the heaviest first; at most 4. None with 0. */
  reasons: Array<SuspicionReason>;
};

/** One reason for suspicion: a rule that holds. */
export type SuspicionReason = {
  /** The rule's name in the rules file. */
  rule: string;
  /** What it adds to the number, 1 to 100. */
  points: number;
  /** Why, in words for a telecommunicator. */
  because: string;
  /** How far beyond the edge of the agency's area the place is at least, in km, where that is the reason. */
  outside_km?: number;
  /** How many sessions were found, at least, where that is the reason: others that say the same, or all that the device opened. */
  sessions?: number;
};

/** What a resident's client receives. */
export type ToResident =
  /** First message: sign this with the device's key. */
  | {
      kind: "challenge";
      /** 32 random bytes, valid on this connection only. */
      nonce: Uint8Array;
      /** The gateway's clock. */
      now_ms: number;
    }
  /** The hello was good. */
  | {
      kind: "welcome";
      /** Names this connection. */
      connection: string;
      /** The gateway's clock. */
      now_ms: number;
      /** Send a `ping` when nothing was sent for this long. */
      heartbeat_ms: number;
      /** Whom this reaches. */
      agency: AgencyInfo;
      /** Token for uploads over HTTP. */
      token: string;
      /** When it expires. */
      token_expires_ms: number;
      /** Bounds to keep. */
      limits: Limits;
    }
  /** What the agency says of itself has changed while the connection was open: it stands instead of that of `welcome`. */
  | {
      kind: "agency_changed";
      /** Whom this reaches. */
      agency: AgencyInfo;
    }
  /** The session of `open` or `resume`; entries after the asked place follow. */
  | {
      kind: "session";
      /** Which session. */
      session: string;
      /** Head of its log now. */
      head: number;
      /** Where it stands. */
      standing: Standing;
      /** Entries follow from after this. */
      after: number;
    }
  /** A command is on disk. */
  | {
      kind: "receipt";
      /** Which command. */
      id: string;
      /** How safe it is. */
      rung: Rung;
      /** Its first entry. */
      first: number;
      /** Its last entry. */
      last: number;
    }
  /** Entries up to these were delivered to a console, and seen by a person. */
  | {
      kind: "attention";
      /** Delivered up to. */
      delivered: number;
      /** Seen up to. */
      seen: number;
    }
  /** A fact of the session's log that residents may see. */
  | {
      kind: "entry";
      /** Its sequence number. */
      seq: number;
      /** The visible entry before it: another number than the last one received means a hole; resume. */
      prev: number;
      /** When. */
      at_ms: number;
      /** Who. */
      by: Actor;
      /** The command behind it: a client knows its own by this. */
      command: string;
      /** What. */
      event: Event;
      /** It is on disk at one gateway only, and its number may change: `safe` or `rewound` follows. */
      kept?: boolean;
    }
  /** Entries up to here, and commands whose receipts ended there, are safe now with the numbers they have. */
  | {
      kind: "safe";
      /** Last sequence number. */
      up_to: number;
    }
  /** Entries after this one got other numbers: drop them, they follow again. Commands that are not safe yet are sent again. */
  | {
      kind: "rewound";
      /** Last sequence number that stays. */
      after: number;
    }
  /** What a telecommunicator is typing. */
  | { kind: "real_time_text" } & RealTimeText
  /** Place in the queue. */
  | {
      kind: "queue_place";
      /** From 1; 0 when it is beyond what is counted (see `counted`). */
      place: number;
      /** How many wait in the queue. */
      waiting: number;
      /** Places are counted up to this one. */
      counted: number;
      /** Whether somebody serves this queue now. */
      staffed: boolean;
      /** When an answer is due. */
      deadline_ms: number;
    }
  /** Who receives live media now. */
  | { kind: "watching" } & Watchers
  /** Answer to a media offer. */
  | {
      kind: "media_answer";
      /** The offer's id. */
      id: string;
      /** The answer. */
      sdp: string;
      /** Names the connection. */
      peer: string;
    }
  /** A fresh upload token. */
  | {
      kind: "token";
      /** The token. */
      token: string;
      /** When it expires. */
      token_expires_ms: number;
    }
  /** Please connect again elsewhere or later; the close follows. */
  | {
      kind: "reconnect";
      /** Wait a random time between half of this and this, in ms. */
      after_ms: number;
    }
  /** Something was refused. */
  | { kind: "error" } & ErrorMessage
  /** Answer to `ping`. */
  | {
      kind: "pong";
      /** As it came. */
      n: number;
      /** How far clients spread who lose this gateway together, in ms: after a lost link and a first try that failed, wait a random time between a quarter of this and all of it. Left out: pauses as usual. */
      spread_ms?: number;
    };

/** What a responder's page receives. */
export type ToResponder =
  /** The hello was good; entries follow. */
  | {
      kind: "welcome";
      /** Names this connection. */
      connection: string;
      /** The gateway's clock. */
      now_ms: number;
      /** Send a `ping` when nothing was sent for this long. */
      heartbeat_ms: number;
      /** The agency. */
      agency: AgencyInfo;
      /** Which session. */
      session: string;
      /** What the resident says is happening. */
      category: Category;
      /** Language tag of the resident. */
      language: string;
      /** When the session was opened. */
      opened_ms: number;
      /** The resident cannot talk and must not be heard. */
      silent: boolean;
      /** Somebody tries the line out. */
      test?: boolean;
      /** When the link ends. */
      ends_ms: number;
    }
  /** What the agency says of itself has changed while the connection was open: it stands instead of that of `welcome`. */
  | {
      kind: "agency_changed";
      /** The agency. */
      agency: AgencyInfo;
    }
  /** An entry of the session. */
  | {
      kind: "entry";
      /** Its sequence number. */
      seq: number;
      /** The entry before it that responders see, or what `hello` named: another one than the last received means a hole. */
      prev: number;
      /** When. */
      at_ms: number;
      /** Who, by role. */
      by: Actor;
      /** What. */
      event: Event;
      /** It is on disk at one gateway only, and its number may change: `safe` or `rewound` follows. */
      kept?: boolean;
    }
  /** Entries up to here are safe now with the numbers they have. */
  | {
      kind: "safe";
      /** Last sequence number. */
      up_to: number;
    }
  /** Entries after this one got other numbers: drop them, they follow again. */
  | {
      kind: "rewound";
      /** Last sequence number that stays. */
      after: number;
    }
  /** What flows live. */
  | {
      kind: "live";
      /** Camera. */
      video: boolean;
      /** Microphone. */
      audio: boolean;
    }
  /** Answer to a media offer. */
  | {
      kind: "media_answer";
      /** The offer's id. */
      id: string;
      /** The answer. */
      sdp: string;
      /** Names the connection. */
      peer: string;
    }
  /** Please connect again; the close follows. */
  | {
      kind: "reconnect";
      /** Wait a random time between half of this and this, in ms. */
      after_ms: number;
    }
  /** Something was refused. `link_expired`, `link_revoked` and `session_closed` without an `id` end the link; the close follows. */
  | { kind: "error" } & ErrorMessage
  /** Answer to `ping`. */
  | {
      kind: "pong";
      /** As it came. */
      n: number;
      /** How far clients spread who lose this gateway together, in ms. */
      spread_ms?: number;
    };

/** What a staff client receives. */
export type ToStaff =
  /** The hello was good. */
  | {
      kind: "welcome";
      /** Names this connection. */
      connection: string;
      /** The gateway's clock. */
      now_ms: number;
      /** Send a `ping` when nothing was sent for this long. */
      heartbeat_ms: number;
      /** The agency. */
      agency: AgencyInfo;
      /** Who you are. */
      staff: string;
      /** Your name on the screen. */
      name: string;
      /** Your role. */
      role: Role;
      /** The agency's queues. */
      queues: Array<QueueInfo>;
      /** What pages go by; a gateway of before this was told says nothing. */
      desk?: DeskInfo;
      /** Bounds to keep. */
      limits: Limits;
    }
  /** The agency's settings have changed while the connection was open: they stand instead of those of `welcome`. The queues are the same ones. */
  | {
      kind: "agency_changed";
      /** The agency. */
      agency: AgencyInfo;
      /** The agency's queues. */
      queues: Array<QueueInfo>;
      /** What pages go by. */
      desk: DeskInfo;
    }
  /** A command is on disk. */
  | {
      kind: "receipt";
      /** Which command. */
      id: string;
      /** In which session; after `take_next` this is the one taken. */
      session: string;
      /** How safe it is. */
      rung: Rung;
      /** Its first entry. */
      first: number;
      /** Its last entry. */
      last: number;
    }
  /** The sessions that wait, are owned or were abandoned, as far as they fit: the first 500 of each. */
  | {
      kind: "sessions";
      /** Version of the list. */
      version: number;
      /** The rows, waiting ones first, in the order they would be taken. */
      rows: Array<SessionRow>;
      /** How many wait in all. */
      waiting: number;
      /** How many are owned in all. */
      owned: number;
      /** How many are abandoned in all. */
      abandoned: number;
      /** This node is cut off from the others: the list is what it knows by itself, what is written stays on its own disk until they are back. */
      island?: boolean;
    }
  /** What changed in the list since the version before. */
  | {
      kind: "sessions_changed";
      /** The version this builds on: another one than yours means a hole; a whole list follows. */
      prev: number;
      /** The version reached. */
      version: number;
      /** New or changed rows; their order is by `rank`. */
      changed: Array<SessionRow>;
      /** Rows that left the list. */
      gone: Array<string>;
      /** How many wait in all. */
      waiting: number;
      /** How many are owned in all. */
      owned: number;
      /** How many are abandoned in all. */
      abandoned: number;
      /** This node is cut off from the others: the list is what it knows by itself, what is written stays on its own disk until they are back. */
      island?: boolean;
    }
  /** Finished sessions. */
  | {
      kind: "history";
      /** The request's id. */
      id: string;
      /** The rows, newest first; at most 100. */
      rows: Array<SessionRow>;
      /** Whether there are more. */
      more: boolean;
    }
  /** A request that is about no session is carried out. */
  | {
      kind: "done";
      /** The request's id. */
      id: string;
    }
  /** A followed session; its entries after the asked place follow. */
  | {
      kind: "session";
      /** The row. */
      row: SessionRow;
      /** Head of its log now. */
      head: number;
      /** Entries follow from after this. */
      after: number;
    }
  /** An entry of a followed session. */
  | {
      kind: "entry";
      /** Which session. */
      session: string;
      /** Its sequence number; numbers of a session have no holes for staff. */
      seq: number;
      /** When. */
      at_ms: number;
      /** Who. */
      by: Actor;
      /** The command behind it. */
      command: string;
      /** What. */
      event: Event;
      /** It is on disk at one gateway only, and its number may change: `safe` or `rewound` follows. */
      kept?: boolean;
    }
  /** Entries up to here, and commands whose receipts ended there, are safe now with the numbers they have. */
  | {
      kind: "safe";
      /** Which session. */
      session: string;
      /** Last sequence number. */
      up_to: number;
    }
  /** Entries after this one got other numbers: drop them, they follow again if the session is followed. Commands that are not safe yet are sent again. */
  | {
      kind: "rewound";
      /** Which session. */
      session: string;
      /** Last sequence number that stays. */
      after: number;
    }
  /** What the resident (or, for a watcher, the telecommunicator) is typing. */
  | {
      kind: "real_time_text";
      /** Which session. */
      session: string;
      /** Who types. */
      by: Actor;
      /** What is typed. */
      typed: RealTimeText;
    }
  /** A followed session's resident: link and what they received and read. */
  | {
      kind: "presence";
      /** Which session. */
      session: string;
      /** Whether the resident is connected. */
      connected: boolean;
      /** Entries delivered to the resident. */
      delivered: number;
      /** Entries read by the resident. */
      seen: number;
    }
  /** What flows live in a followed session. */
  | {
      kind: "live";
      /** Which session. */
      session: string;
      /** Camera. */
      video: boolean;
      /** Microphone. */
      audio: boolean;
      /** Who receives it. */
      watching: Watchers;
    }
  /** Answer to a media offer. */
  | {
      kind: "media_answer";
      /** The offer's id. */
      id: string;
      /** Which session. */
      session: string;
      /** The answer. */
      sdp: string;
      /** Names the connection. */
      peer: string;
    }
  /** Who is signed in and can be handed a session, yourself among them: whole each time, at most once a second, when it changed. */
  | {
      kind: "colleagues";
      /** Those who can take a session now come first, then by sign-in name. */
      people: Array<Colleague>;
      /** How many more there are than fit. */
      more?: number;
    }
  /** The supervisors' screen, at most once a second, when something changed. */
  | { kind: "board" } & Board
  /** Please connect again; the close follows. */
  | {
      kind: "reconnect";
      /** Wait a random time between half of this and this, in ms. */
      after_ms: number;
    }
  /** Something was refused. */
  | { kind: "error" } & ErrorMessage
  /** Answer to `ping`. */
  | {
      kind: "pong";
      /** As it came. */
      n: number;
      /** How far clients spread who lose this gateway together, in ms, as residents are told it; staff come first. */
      spread_ms?: number;
    };

/** Where a session goes when it is handed on. */
export type TransferTarget =
  /** Back into a queue of this agency, with its first deadline. */
  | {
      to: "queue";
      /** Which one. */
      queue: string;
    }
  /** To one person; it waits in its queue until that person takes it. */
  | {
      to: "person";
      /** Who. */
      staff: string;
    };

/** Share of viewers by role, so that the resident sees who watches. */
export type Watchers = {
  /** Telecommunicators receiving live media. */
  telecommunicators: number;
  /** Supervisors receiving live media. */
  supervisors: number;
  /** Responders in the field receiving live media, through a link; left out where there are none. */
  responders?: number;
};

/** How people of an agency sign in. */
export type WaysIn = {
  /** By name and passphrase. */
  passphrase: boolean;
  /** At the agency's provider: what people call the account there. */
  provider?: string;
};

/** Each error code's number, whether to try again, and its plain English sentence. */
export const ERROR_CODES = {
  malformed_message: { number: 1000, retry: "never", message: "The message could not be read." },
  unknown_kind: { number: 1001, retry: "never", message: "This kind of message is not known here." },
  too_deep: { number: 1002, retry: "never", message: "The message is nested too deeply or has too many parts." },
  too_long: { number: 1003, retry: "never", message: "The message is too long." },
  wrong_order: { number: 1004, retry: "after_change", message: "This message may not come at this point." },
  wrong_frame: { number: 1005, retry: "never", message: "Binary and text frames belong to different subprotocols." },
  text_empty: { number: 2000, retry: "never", message: "The text is empty." },
  text_too_long: { number: 2001, retry: "never", message: "The text is too long: send it in parts." },
  location_impossible: { number: 2002, retry: "never", message: "The place is impossible." },
  time_in_future: { number: 2003, retry: "never", message: "The time lies in the future." },
  too_old: { number: 2004, retry: "never", message: "It is older than 7 days." },
  session_closed: { number: 2005, retry: "never", message: "The session is closed." },
  no_such_session: { number: 2006, retry: "never", message: "There is no such session." },
  already_taken: { number: 2007, retry: "after_change", message: "Somebody else has taken the session." },
  not_owner: { number: 2008, retry: "after_change", message: "Only the owner of the session may do this." },
  nothing_waits: { number: 2009, retry: "later", message: "No session waits." },
  no_such_photo: { number: 2010, retry: "never", message: "There is no such photo." },
  too_many_photos: { number: 2011, retry: "never", message: "No more photos fit in this session." },
  photo_too_large: { number: 2012, retry: "never", message: "The photo is too large." },
  photo_type_refused: { number: 2013, retry: "never", message: "This type of file is not taken." },
  photo_unreadable: { number: 2014, retry: "never", message: "The picture cannot be read." },
  preview_refused: { number: 2015, retry: "never", message: "The preview was refused." },
  upload_offset: { number: 2016, retry: "after_change", message: "The upload does not continue where it stopped." },
  no_such_upload: { number: 2017, retry: "after_change", message: "There is no such upload." },
  media_refused: { number: 2018, retry: "never", message: "The live connection could not be set up with this description." },
  no_consent: { number: 2019, retry: "after_change", message: "The resident has not agreed to this." },
  no_media: { number: 2020, retry: "later", message: "Nothing is being sent live." },
  no_such_target: { number: 2021, retry: "never", message: "There is no such queue or person." },
  out_of_range: { number: 2022, retry: "never", message: "A value is out of range." },
  id_reused: { number: 2023, retry: "never", message: "This id was used for something else." },
  no_such_node: { number: 2024, retry: "never", message: "There is no such node." },
  nowhere_to_go: { number: 2025, retry: "after_change", message: "There is no other node that residents could go to." },
  no_such_link: { number: 2026, retry: "never", message: "There is no such link." },
  link_expired: { number: 2027, retry: "never", message: "The link has expired: ask for a new one." },
  link_revoked: { number: 2028, retry: "never", message: "The link was revoked." },
  too_many_links: { number: 2029, retry: "never", message: "No more links fit in this session." },
  too_many_openings: { number: 2030, retry: "never", message: "The link was opened too often: ask for a new one." },
  no_such_hold: { number: 2031, retry: "never", message: "There is no such hold." },
  too_many_holds: { number: 2032, retry: "never", message: "No more holds fit on this session." },
  no_such_request: { number: 2033, retry: "never", message: "There is no such request, or its time is over." },
  request_open: { number: 2034, retry: "never", message: "The same has been asked for already." },
  own_request: { number: 2035, retry: "after_change", message: "Somebody else has to agree." },
  session_open: { number: 2036, retry: "after_change", message: "The session is not closed." },
  on_hold: { number: 2037, retry: "after_change", message: "The session is on hold: nothing of it is destroyed." },
  photo_deleted: { number: 2038, retry: "never", message: "The photos of this session were deleted." },
  link_used: { number: 2040, retry: "never", message: "The link was opened already: it opens once, on one device." },
  no_such_field: { number: 2041, retry: "never", message: "This question is not asked any more: send the answer as a message." },
  no_such_choice: { number: 2042, retry: "never", message: "This can no longer be chosen: send the answer as a message." },
  too_many_changes: { number: 2043, retry: "never", message: "The category was changed too often: send what is right as a message." },
  token_invalid: { number: 3000, retry: "after_change", message: "Sign in again." },
  token_expired: { number: 3001, retry: "after_change", message: "The sign-in has expired." },
  sign_in_refused: { number: 3002, retry: "after_change", message: "Name or passphrase is wrong." },
  sign_in_slowed: { number: 3003, retry: "later", message: "Too many tries: wait a moment." },
  key_refused: { number: 3004, retry: "after_change", message: "The device's key was refused." },
  not_allowed: { number: 3005, retry: "never", message: "Your role may not do this." },
  origin_refused: { number: 3006, retry: "never", message: "Requests from this page are not taken." },
  sign_in_late: { number: 3007, retry: "after_change", message: "The sign-in took too long. Begin again." },
  sign_in_lost: { number: 3008, retry: "after_change", message: "This sign-in was not begun here, or is over already. Begin again." },
  provider_refused: { number: 3009, retry: "after_change", message: "The agency's sign-in service did not let you in." },
  provider_untrusted: { number: 3010, retry: "after_change", message: "The answer of the agency's sign-in service cannot be trusted. Tell whoever runs the gateway." },
  clock_differs: { number: 3011, retry: "after_change", message: "The clocks of the gateway and of the sign-in service differ. Tell whoever runs the gateway." },
  no_role: { number: 3012, retry: "after_change", message: "Your account has no role here. Ask for one at your agency." },
  no_staff_name: { number: 3013, retry: "after_change", message: "Your account has no name that can be used here. Tell whoever runs the gateway." },
  no_provider: { number: 3014, retry: "never", message: "This agency has no sign-in service." },
  too_fast: { number: 4000, retry: "later", message: "Too many messages at once." },
  store_unavailable: { number: 4001, retry: "later", message: "It could not be stored yet. Keep it and try again." },
  going_down: { number: 4002, retry: "later", message: "The gateway is restarting." },
  media_busy: { number: 4003, retry: "later", message: "No live connection is free." },
  internal: { number: 4004, retry: "later", message: "Something went wrong on our side. Keep it and try again." },
  no_such_agency: { number: 4005, retry: "later", message: "This agency is not served here." },
  provider_unavailable: { number: 4006, retry: "later", message: "The agency's sign-in service does not answer." },
} as const satisfies Record<ErrorCode, { number: number; retry: Retry; message: string }>;

/** What to do after the gateway closed the WebSocket. */
export type AfterClose = "at_once" | "after_pause" | "after_change" | "never";

/** Each close code's number, its reason text, and what to do then; unknown codes go by their range. */
export const CLOSE_CODES = {
  too_slow: { number: 4000, reason: "too slow", after: "at_once" },
  silent: { number: 4001, reason: "silent", after: "at_once" },
  going_down: { number: 4100, reason: "going down", after: "after_pause" },
  too_fast: { number: 4102, reason: "too fast", after: "after_pause" },
  not_served: { number: 4103, reason: "not served", after: "after_pause" },
  sign_in_again: { number: 4200, reason: "sign in again", after: "after_change" },
  no_hello: { number: 4201, reason: "no hello", after: "after_change" },
  replaced: { number: 4300, reason: "replaced", after: "never" },
  protocol: { number: 4301, reason: "protocol", after: "never" },
  link_ended: { number: 4302, reason: "link ended", after: "never" },
} as const satisfies Record<string, { number: number; reason: string; after: AfterClose }>;

/** WebSocket subprotocols, preferred first. */
export const SUBPROTOCOLS = ["callbox.v1.msgpack", "callbox.v1.json"] as const;

/** What the hello's signature covers before the nonce, as ASCII. */
export const HELLO_CONTEXT = "callbox-hello-v1";

/** Bounds to keep; the gateway enforces them. */
export const BOUNDS = {
  /** Bytes in one WebSocket frame to the gateway: a message is sent in one frame, as browsers do. */
  FRAME_MAX_BYTES: 262144,
  /** Bytes in one message to the gateway: a photo's preview in base64 and some room. */
  MESSAGE_MAX_BYTES: 262144,
  /** Deepest nesting of a message; ours need 6. */
  DEPTH_MAX: 32,
  /** Elements in one message, keys and values counted. */
  ELEMENTS_MAX: 4096,
  /** Bytes of the challenge's nonce. */
  NONCE_BYTES: 32,
  /** Bytes of a device's public key: an uncompressed P-256 point. */
  KEY_BYTES: 65,
  /** Bytes of the hello's signature: r and s. */
  SIGNATURE_BYTES: 64,
  /** Characters in the name and version of a client. */
  CLIENT_MAX_CHARS: 100,
  /** Characters in one text or note; T.140 and chat lines are far shorter. */
  TEXT_MAX_CHARS: 8000,
  /** Characters in one packet of real-time text. */
  REAL_TIME_TEXT_MAX_CHARS: 2000,
  /** Characters in a reason, a question or the words of a place. */
  REASON_MAX_CHARS: 500,
  /** Characters in a contact. */
  CONTACT_MAX_CHARS: 200,
  /** Characters in a language tag; BCP 47 asks for at least 35. */
  LANGUAGE_MAX_CHARS: 35,
  /** Characters in the name of an agency, a queue or a person. */
  NAME_MAX_CHARS: 64,
  /** Times a resident corrects the category of one session: to and fro a few times, and no noise at the desk. */
  CATEGORY_CHANGES_MAX: 10,
  /** Photos announced in one session. */
  PHOTOS_MAX: 100,
  /** Bytes in a photo's original. */
  PHOTO_MAX_BYTES: 52428800,
  /** Bytes in a photo's preview, so that it travels with the announcement. */
  PREVIEW_MAX_BYTES: 131072,
  /** Pixels on the longer side of a preview. */
  PREVIEW_MAX_SIDE_PX: 1280,
  /** Characters in a media type. */
  MEDIA_TYPE_MAX_CHARS: 100,
  /** Bytes in a session description (SDP). Chromium with camera and microphone sends 6 to 8 KiB. */
  SDP_MAX_BYTES: 32768,
  /** Bytes in one line of an SDP. The longest known, a fingerprint or a candidate with its extensions, is under 300. */
  SDP_LINE_MAX_BYTES: 1024,
  /** Media sections in an SDP. Camera and microphone are two; two more for those that were stopped. */
  SDP_SECTIONS_MAX: 4,
  /** Candidate lines in an SDP. They are dropped, since peers always reach the gateway first. */
  SDP_CANDIDATES_MAX: 40,
  /** Lines `a=ssrc` and `a=ssrc-group` in an SDP. Two streams with repair and four attributes each need 20. */
  SDP_SSRC_LINES_MAX: 64,
  /** Formats (`a=rtpmap`) in one section of an SDP. Chromium offers about 45 for video. */
  SDP_FORMATS_MAX: 64,
  /** Metres of uncertainty that still say something. */
  UNCERTAINTY_MAX_M: 100000,
  /** Age in ms of what an outbox may still bring: 7 days. */
  AGE_MAX_MS: 604800000,
  /** Rules named in one `triaged` event. */
  RULES_FIRED_MAX: 16,
  /** Reasons of a session's suspicion: the heaviest ones. They stand in every row of a list. */
  SUSPICION_REASONS_MAX: 4,
  /** Sessions that one staff link follows at once; one more is answered `too_fast`: `unfollow` another one first. */
  FOLLOWS_MAX: 256,
  /** Links of one person at one gateway, several windows on several monitors; when one more comes, the oldest is closed with 4300. */
  CONSOLES_MAX: 16,
  /** People in one `colleagues` message, those who can take a session first; the count beside them says how many more there are. */
  COLLEAGUES_MAX: 500,
  /** Rows of each standing in one `sessions` message; the counts beside them are whole. */
  LIST_MAX_ROWS: 500,
  /** Rows in one `history` message. */
  HISTORY_MAX_ROWS: 100,
  /** Links for responders made in one session, ended ones counted. One is opened by many units; the state of a session holds them all. */
  RESPONDER_LINKS_MAX: 10,
  /** Times one link for responders is opened; a reload of the page is no opening. More than the crews of a large incident. */
  RESPONDER_OPENINGS_MAX: 50,
  /** Shortest life of a link for responders in ms: less is a mistake of units. */
  RESPONDER_LINK_MIN_MS: 1000,
  /** Longest life of a link for responders in ms: 12 hours, a long shift. */
  RESPONDER_LINK_MAX_MS: 43200000,
  /** Characters in the name or unit that a responder types, and in the words for whom a link is. */
  RESPONDER_NAME_MAX_CHARS: 80,
  /** Holds that stand on one session at once. Each is somebody's reason to keep it; the state of a session holds them all. */
  HOLDS_MAX: 16,
  /** Life of a request that takes two persons, in ms: 3 days, so that a colleague of another shift can agree. */
  REQUEST_LIFE_MS: 259200000,
  /** How long an export that was agreed to can be fetched, in ms: a day. */
  EXPORT_LIFE_MS: 86400000,
  /** Questions of an agency's own. More is a form, and nobody in danger fills in a form. */
  FIELDS_MAX: 8,
  /** Characters in a question of an agency's own: a sentence that is read at one look. */
  FIELD_LABEL_MAX_CHARS: 120,
  /** Things that can be chosen as the answer to a question: buttons that a small screen has room for. */
  FIELD_OPTIONS_MAX: 8,
  /** Characters in what can be chosen. */
  FIELD_OPTION_MAX_CHARS: 60,
  /** Characters in an answer in words; an agency may set less. */
  FIELD_TEXT_MAX_CHARS: 500,
  /** Largest integer on the wire: 2^53 - 1, the last one JavaScript keeps exactly. */
  INTEGER_MAX: 9007199254740991,
} as const;
