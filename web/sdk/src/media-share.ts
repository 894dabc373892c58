// How much of the link live media may take.
//
// Owns: the encoders' bounds. Must not: start or stop anything. Needs a browser. Used by: `media.ts`.

/** What live media keep to. */
export interface LiveShare {
  /** The link is slow, or the person wants less sent. */
  less: boolean
  /** The person signs: motion of the hands before sound. */
  signs: boolean
  /** Words or photos wait: the picture rests until they are through. */
  hold: boolean
}

/** Bounds of an encoder, in bits per second, pictures per second, and how much smaller than the camera's picture. */
interface Bounds {
  maxBitrate: number
  maxFramerate?: number
  scaleResolutionDownBy?: number
}

/** Sharp on a good link: 720 lines need about 1.5 Mbit/s. */
const FULL: Bounds = { maxBitrate: 1_500_000, maxFramerate: 30, scaleResolutionDownBy: 1 }
/** A scene can be recognised; leaves most of a 400 kbit/s link to words and photos. */
const LESS: Bounds = { maxBitrate: 120_000, maxFramerate: 8, scaleResolutionDownBy: 4 }
/** Hands can be read: fewer points, more pictures per second. */
const LESS_SIGNING: Bounds = { maxBitrate: 250_000, maxFramerate: 20, scaleResolutionDownBy: 3 }
/** Speech that is good to understand. */
const SPEECH: Bounds = { maxBitrate: 32_000 }
/** Speech that can be understood. */
const SPEECH_LESS: Bounds = { maxBitrate: 16_000 }

/** Makes the senders of a connection keep to the share. */
export async function keepTo(share: LiveShare, connection: RTCPeerConnection): Promise<void> {
  for (const sender of connection.getSenders()) {
    const { track } = sender
    if (track === null) continue
    const parameters = sender.getParameters()
    const [encoding] = parameters.encodings
    if (encoding === undefined) continue
    const video = track.kind === 'video'
    const bounds = video ? (share.less ? (share.signs ? LESS_SIGNING : LESS) : FULL) : share.less ? SPEECH_LESS : SPEECH
    // For people who sign the picture never waits for photos, only sound may.
    Object.assign(encoding, bounds, { active: !(video && share.hold && !share.signs) })
    encoding.networkPriority = encoding.priority = video === share.signs ? 'high' : 'low'
    // A connection that is closing refuses; a new one is asked again.
    await sender.setParameters(parameters).catch(() => undefined)
  }
}
