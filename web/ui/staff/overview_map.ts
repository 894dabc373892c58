// The map of all open sessions: a lazy chunk.
//
// Owns: drawing them, those that would lie on one another as piles (`piles.ts`), and saying what was pressed. Must not: be needed: every
// session stands in the list beside it too. Used by: `OverviewMap.svelte`.
import type { FeatureCollection, LineString, Point } from 'geojson'
import { MercatorCoordinate, type StyleSpecification } from 'maplibre-gl'
import type { DeskInfo, MapTiles, RowPlace, SessionRow } from '../../sdk/src/protocol.ts'
import type { Readable } from '../../sdk/src/store.ts'
import { circle, point, track, type Spot } from './geometry.ts'
import { cased, EMPTY, ground, MapCanvas, token } from './map_canvas.ts'
import { countWords, heightPx, MARK_PX, piled, widthPx, type Pile } from './piles.ts'
import type { Background } from './tiles.ts'

/** A session with a place. */
export type Placed = SessionRow & { readonly place: RowPlace }

/** What is drawn. */
export interface Overview {
  readonly sessions: readonly Placed[]
  readonly chosen: Placed | undefined
  /** Those that may be about the same event as the chosen one. */
  readonly near: readonly Placed[]
  /** Those that were linked to it. */
  readonly together: readonly Placed[]
  /** What the agency says of its maps. */
  readonly desk: DeskInfo | undefined
}

/** What is told of the map. */
export interface Heard {
  /** A session was pressed. */
  choose(session: string): void
  /** A pile was opened: these are in it. */
  open(sessions: readonly string[]): void
  /** The piles in view, the most urgent first. */
  piles(piles: readonly Pile[]): void
}

/** Piles that are told of: more than fit beside the map would be a second list, and two are no crowd. */
const PILES_MAX = 8
const TOLD_FROM = 3
/** How many pixels of the screen a px of a mark may have: sharp on every screen. */
const SHARP = 2
/** Side of the whole earth at zoom 0, in px. */
const EARTH_PX = 512
/** Piles are made anew at each such part of a zoom; between two of them marks only come apart. */
const ZOOM_STEP = 0.5

function built(tiles: MapTiles | undefined): StyleSpecification {
  const source = { type: 'geojson' as const, data: EMPTY }
  const [ink, panel] = [token('--ink'), token('--panel')]
  const { version, sources, layers } = ground(tiles)
  return {
    version,
    sources: { ...sources, circle: source, bonds: source, ties: source, near: source, chosen: source, marks: source },
    layers: [
      ...layers,
      { id: 'circle', type: 'fill', source: 'circle', paint: { 'fill-color': ink, 'fill-opacity': 0.1 } },
      ...cased(tiles, { id: 'bonds', type: 'line', source: 'bonds', paint: { 'line-color': panel, 'line-width': 5.5 } }),
      { id: 'bonds', type: 'line', source: 'bonds', paint: { 'line-color': ink, 'line-width': 2.5 } },
      ...cased(tiles, { id: 'ties', type: 'line', source: 'ties', paint: { 'line-color': panel, 'line-width': 4 } }),
      { id: 'ties', type: 'line', source: 'ties', paint: { 'line-color': ink, 'line-width': 1.5, 'line-dasharray': [3, 2] } },
      { id: 'near', type: 'circle', source: 'near', paint: { 'circle-radius': 17, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ink, 'circle-stroke-width': 1.5 } },
      ...cased(tiles, { id: 'chosen', type: 'circle', source: 'chosen', paint: { 'circle-radius': 16.5, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': panel, 'circle-stroke-width': 6.5 } }),
      { id: 'chosen', type: 'circle', source: 'chosen', paint: { 'circle-radius': 18, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ink, 'circle-stroke-width': 3.5 } },
      { id: 'marks', type: 'symbol', source: 'marks', layout: {
        // None hides for another's sake.
        'icon-image': ['get', 'image'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'icon-size': ['get', 'size'] } },
    ],
  }
}

/** Number, shape and colour of a priority, as `PriorityMark` draws it; of a pile, on a label with how many they are. */
function mark(priority: number, sessions: number): ImageData | undefined {
  const count = countWords(sessions)
  const [width, height] = [widthPx(sessions), heightPx(sessions)]
  const brush = new OffscreenCanvas(width * SHARP, height * SHARP).getContext('2d')
  if (!brush) return undefined
  brush.scale(SHARP, SHARP)
  if (count !== '') {
    brush.fillStyle = token('--panel')
    brush.strokeStyle = token('--ink')
    brush.lineWidth = 2
    brush.beginPath()
    brush.roundRect(1, 1, width - 2, height - 2, 4)
    brush.fill()
    brush.stroke()
    brush.fillStyle = token('--ink')
    brush.font = '700 15px "Inter Variable", system-ui, sans-serif'
    brush.fillText(count, MARK_PX + 8, height / 2 + 5)
    brush.translate(4, 4)
  }
  const shape = new Path2D(
    priority === 1 ? 'M12 0.5 23.5 12 12 23.5 0.5 12Z' : priority === 2 ? 'M12 1.5 23.2 22 0.8 22Z' : priority === 3 ? 'M2 2h20v20H2Z' : 'M12 1.5a10.5 10.5 0 1 0 0.01 0Z',
  )
  // What is hollow on the page would show the map through here.
  brush.fillStyle = priority === 5 ? token('--panel') : token(`--p${String(priority)}`)
  brush.fill(shape)
  brush.lineWidth = priority === 5 ? 2 : 1.2
  brush.strokeStyle = priority === 2 ? token('--p2-outline') : priority === 5 ? token('--p5') : token('--panel')
  brush.stroke(shape)
  brush.fillStyle = token(`--p${String(priority)}-ink`)
  brush.font = '700 12.5px "Inter Variable", system-ui, sans-serif'
  brush.textAlign = 'center'
  brush.fillText(String(priority), 12, priority === 2 ? 18.6 : 16.4)
  return brush.getImageData(0, 0, width * SHARP, height * SHARP)
}

/** A map in an element. */
export class OverviewMap {
  readonly #canvas: MapCanvas
  #shown: Overview = { sessions: [], chosen: undefined, near: [], together: [], desk: undefined }
  #piles: readonly Pile[] = []
  #step = NaN

  constructor(element: HTMLElement, words: Record<string, string>, failed: () => void, heard: Heard, desk: DeskInfo | undefined) {
    this.#canvas = new MapCanvas({ element, words, desk, style: built, draw: () => this.#draw(), failed })
    const { map } = this.#canvas
    map.on('click', 'marks', ({ features }) => {
      const session: unknown = features?.[0]?.properties['session']
      const pile = this.#piles.find(({ sessions }) => sessions.some((one) => one === session))
      const [one, ...others] = pile?.sessions ?? []
      if (one !== undefined && others.length === 0) heard.choose(one)
      else if (pile) heard.open(pile.sessions)
    })
    map.on('mouseenter', 'marks', () => (map.getCanvas().style.cursor = 'pointer'))
    map.on('mouseleave', 'marks', () => (map.getCanvas().style.cursor = ''))
    map.on('zoom', () => {
      if (this.#zoomStep() !== this.#step) this.#drawMarks()
    })
    // Each mark is drawn when it is first needed: which numbers there will be, nobody knows before.
    map.on('styleimagemissing', ({ id }) => {
      const [, priority, sessions] = /^p(\d)x(\d+)$/.exec(id) ?? []
      const image = priority === undefined || map.hasImage(id) ? undefined : mark(Number(priority), Number(sessions))
      if (image) map.addImage(id, image, { pixelRatio: SHARP })
    })
    map.on('idle', () => heard.piles(this.#inView()))
  }

  /** Draws these; until somebody moves the map, all of them are in view. */
  show(overview: Overview): void {
    const other = overview.chosen?.session !== this.#shown.chosen?.session
    this.#shown = overview
    this.#canvas.settle(overview.desk)
    this.#canvas.draw()
    if (other && overview.chosen) this.#canvas.see(overview.chosen.place)
  }

  /** Whether there is a background. */
  get background(): Readable<Background> {
    return this.#canvas.background
  }

  /** Shows everything again. */
  fit(): void {
    this.#canvas.fit(this.#spots())
  }

  /** The theme changed. */
  recolour(): void {
    this.#canvas.recolour()
  }

  /** Frees the canvas and its worker. */
  remove(): void {
    this.#canvas.remove()
  }

  /** Those that are told of, the most urgent first. */
  #inView(): Pile[] {
    const view = this.#canvas.map.getBounds()
    const seen = this.#piles.filter((pile) => pile.sessions.length >= TOLD_FROM && view.contains(this.#earth(pile).toLngLat()))
    return seen.sort((a, b) => a.top - b.top || b.sessions.length - a.sessions.length).slice(0, PILES_MAX)
  }

  #zoomStep(): number {
    return Math.floor(this.#canvas.map.getZoom() / ZOOM_STEP)
  }

  /** Side of the whole earth in px, at the farthest zoom of this step. */
  get #sidePx(): number {
    return EARTH_PX * 2 ** (this.#step * ZOOM_STEP)
  }

  #earth({ x, y }: Pile): MercatorCoordinate {
    return new MercatorCoordinate(x / this.#sidePx, y / this.#sidePx)
  }

  #drawMarks(): void {
    this.#step = this.#zoomStep()
    const { sessions } = this.#shown
    this.#piles = piled(sessions.map(({ session, priority, place }) => {
      const { x, y } = MercatorCoordinate.fromLngLat([place.longitude, place.latitude])
      return { session, priority, x: x * this.#sidePx, y: y * this.#sidePx }
    }))
    const waiting = new Set(sessions.flatMap(({ session, standing }) => (standing === 'waiting' ? [session] : [])))
    const marks: FeatureCollection<Point> = {
      type: 'FeatureCollection',
      features: this.#piles.map((pile) => {
        const [session] = pile.sessions
        const { lng, lat } = this.#earth(pile).toLngLat()
        const whole = pile.sessions.length > 1 || waiting.has(session ?? '')
        const properties = { session, image: `p${String(pile.top)}x${String(pile.sessions.length)}`, size: whole ? 1 : 0.75 }
        return { type: 'Feature', geometry: { type: 'Point', coordinates: [lng, lat] }, properties }
      }),
    }
    this.#canvas.set('marks', marks)
  }

  #draw(): void {
    const { chosen, near, together } = this.#shown
    this.#drawMarks()
    const lines = (to: readonly Placed[]): FeatureCollection<LineString> => ({ type: 'FeatureCollection', features: chosen ? to.map(({ place }) => track([chosen.place, place])) : [] })
    this.#canvas.set('bonds', lines(together))
    this.#canvas.set('ties', lines(near))
    this.#canvas.set('near', { type: 'FeatureCollection', features: near.map(({ place }) => point(place)) })
    this.#canvas.set('chosen', chosen ? point(chosen.place) : EMPTY)
    this.#canvas.set('circle', chosen ? circle(chosen.place) : EMPTY)
    this.#canvas.follow(this.#spots())
  }

  #spots(): readonly Spot[] {
    return this.#shown.sessions.map(({ place }) => place)
  }
}
