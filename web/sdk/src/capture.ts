// Opening a camera or a microphone of this device.
//
// Owns: the wishes to the device, which camera is the other one, the lamp. Must not: know a peer connection. Needs a browser.
// Used by: `media.ts`.

/** What can flow live. */
export type LiveMedium = 'video' | 'audio'

/** Which way a camera looks. */
export type Facing = 'environment' | 'user'

/** Wide enough to recognise a scene; the sender goes lower by itself on a slow link. */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } }

/** Why a medium could not start. */
export type CaptureFault = 'denied' | 'missing' | 'busy'

/** Opens a device; the browser may ask the person. `camera` names one camera among several. */
export async function capture(medium: LiveMedium, facing: Facing, camera?: string): Promise<MediaStreamTrack> {
  const which = camera === undefined ? { facingMode: facing } : { deviceId: { exact: camera } }
  const wish: MediaStreamConstraints =
    medium === 'video' ? { video: { ...CAMERA, ...which } } : { audio: { echoCancellation: true, noiseSuppression: true } }
  // Absent on pages without TLS and in old browsers.
  if (navigator.mediaDevices === undefined) throw new DOMException('no media devices', 'NotFoundError')
  const stream = await navigator.mediaDevices.getUserMedia(wish)
  const [track] = stream.getTracks()
  if (track === undefined) throw new DOMException('no track', 'NotFoundError')
  return track
}

/** The camera after this one, where the device has several that do not say which way they look. */
export async function cameraAfter(track: MediaStreamTrack): Promise<string | undefined> {
  const devices = await navigator.mediaDevices.enumerateDevices()
  const cameras = devices.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '').map(({ deviceId }) => deviceId)
  const at = cameras.indexOf(track.getSettings().deviceId ?? '')
  return cameras.length < 2 ? undefined : cameras[(at + 1) % cameras.length]
}

/** Whether this camera has a lamp. */
export function hasLamp(track: MediaStreamTrack): boolean {
  const can = track.getCapabilities?.() as (MediaTrackCapabilities & { torch?: boolean }) | undefined
  return can?.torch === true
}

/** Switches the lamp. Says whether the device did it. */
export async function lamp(track: MediaStreamTrack, on: boolean): Promise<boolean> {
  try {
    await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
    return true
  } catch {
    return false
  }
}

/** What the device's refusal means. */
export function fault(error: unknown): CaptureFault {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  return 'busy'
}
