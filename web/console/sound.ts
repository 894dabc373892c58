// The console's sounds: made by Web Audio, no file, one tone for each priority and one for each other reason.
//
// Owns: the audio context and whether it may sound, the volume, what was played last. Must not: decide when something sounds
// (`sdk/src/staff-alarm.ts` does). Used by: `desk.svelte.ts`, the sound bar and the sound panel.
import { Store } from '../sdk/src/store.ts'
import { rememberedText, rememberText } from '../ui/staff/kept.ts'

/** `on`: it sounds. `blocked`: the browser waits for a press. `muted`: volume 0 or not heard in the test. `missing`: no audio here. */
export type SoundState = 'on' | 'blocked' | 'muted' | 'missing'

/** What can be played. */
export type Tone = 'p1' | 'p2' | 'p3' | 'p4' | 'p5' | 'message' | 'quiet' | 'timer'

/** One beep: pitch in Hz, length and pause after it in seconds. */
interface Beep { readonly hz: number; readonly s: number; readonly pause: number }

const beep = (hz: number, s: number, pause = 0.06): Beep => ({ hz, s, pause })
/** Told apart by rhythm as well as by pitch, so that tired or older ears need not hear the pitch. Below 1.4 kHz, where small speakers
 *  are loud and few ears have losses. */
const TONES: Readonly<Record<Tone, readonly Beep[]>> = {
  p1: [beep(1_040, 0.11), beep(1_320, 0.11), beep(1_040, 0.11), beep(1_320, 0.11), beep(1_040, 0.11), beep(1_320, 0.16)],
  p2: [beep(880, 0.14), beep(880, 0.14), beep(1_100, 0.22)],
  p3: [beep(740, 0.16), beep(740, 0.2)],
  p4: [beep(620, 0.24)],
  p5: [beep(520, 0.16)],
  message: [beep(660, 0.08, 0.03), beep(990, 0.14)],
  quiet: [beep(440, 0.3, 0.15), beep(440, 0.3)],
  timer: [beep(700, 0.1, 0.1), beep(700, 0.1, 0.1), beep(700, 0.1)],
}
/** Rise and fall of each beep in seconds: without them the speaker clicks. */
const EDGE_S = 0.012
/** Kept over visits; 0 to 1. */
const KEY = 'callbox-volume'
const VOLUME = 0.7

/** What was played last. */
export interface Played { readonly tone: Tone; readonly count: number }

/** The sounds of one window. */
export class Sound {
  readonly state = new Store<SoundState>('blocked')
  readonly volume = new Store<number>(kept())
  readonly played = new Store<Played | undefined>(undefined)
  #context: AudioContext | undefined
  #out: GainNode | undefined
  #meter: AnalyserNode | undefined
  /** The person said in the test that nothing was heard. */
  #unheard = false

  /** Lets the sound begin; browsers allow it only inside a person's press. */
  async unlock(): Promise<void> {
    this.#make()
    try {
      await this.#context?.resume()
    } catch {
      // Stays blocked, and the bar says so.
    }
    this.#look()
  }

  /** Louder or quieter, 0 to 1. At 0 the console is mute and says so. */
  setVolume(volume: number): void {
    const next = Math.min(1, Math.max(0, volume))
    this.volume.set(next)
    this.#unheard = false
    if (this.#out) this.#out.gain.value = next * next
    rememberText(KEY, String(next))
    this.#look()
  }

  /** The answer of the person who tested: nothing was heard means that the sound is off, whatever the browser believes. */
  heard(heard: boolean): void {
    this.#unheard = !heard
    this.#look()
  }

  /** Plays a tone; answers whether it could sound. */
  play(tone: Tone): boolean {
    this.#look()
    if (!this.#context || !this.#out || this.#context.state !== 'running') return false
    let at = this.#context.currentTime + 0.02
    for (const { hz, s, pause } of TONES[tone]) {
      const [wave, edge] = [this.#context.createOscillator(), this.#context.createGain()]
      wave.type = 'triangle'
      wave.frequency.value = hz
      edge.gain.setValueAtTime(0, at)
      edge.gain.linearRampToValueAtTime(1, at + EDGE_S)
      edge.gain.setValueAtTime(1, at + s - EDGE_S)
      edge.gain.linearRampToValueAtTime(0, at + s)
      wave.connect(edge).connect(this.#out)
      wave.start(at)
      wave.stop(at + s)
      at += s + pause
    }
    this.played.set({ tone, count: (this.played.get()?.count ?? 0) + 1 })
    return true
  }

  /** How strong the signal is that leaves the page just now, 0 to 1: what the volume test shows. */
  level(): number {
    if (!this.#meter) return 0
    const samples = new Float32Array(this.#meter.fftSize)
    this.#meter.getFloatTimeDomainData(samples)
    return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  }

  /** Frees the audio device. */
  close(): void {
    void this.#context?.close().catch(() => undefined)
    this.#context = undefined
  }

  #make(): void {
    if (this.#context || typeof AudioContext === 'undefined') return
    const context = new AudioContext()
    const [out, meter] = [context.createGain(), context.createAnalyser()]
    out.gain.value = this.volume.get() ** 2
    out.connect(meter).connect(context.destination)
    context.addEventListener('statechange', () => this.#look())
    this.#context = context
    this.#out = out
    this.#meter = meter
  }

  #look(): void {
    if (typeof AudioContext === 'undefined') this.state.set('missing')
    else if (this.#context?.state !== 'running') this.state.set('blocked')
    else this.state.set(this.volume.get() === 0 || this.#unheard ? 'muted' : 'on')
  }
}

function kept(): number {
  const volume = Number(rememberedText(KEY) ?? VOLUME)
  return Number.isFinite(volume) ? Math.min(1, Math.max(0, volume)) : VOLUME
}
