// The map of all open sessions: a lazy chunk.
//
// Owns: drawing them, and saying which was pressed. Must not: be needed: every session stands in the list beside it too. Used by:
// `OverviewMap.svelte`.
import type { FeatureCollection, LineString, Point } from 'geojson'
import type { StyleSpecification } from 'maplibre-gl'
import type { RowPlace, SessionRow } from '../../sdk/src/protocol.ts'
import { circle, point, track } from './geometry.ts'
import { EMPTY, ground, MapCanvas, token } from './map_canvas.ts'

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
}

/** Side of a mark in px, and how many pixels of the screen one of them may have: sharp on every screen. */
const MARK_PX = 24
const SHARP = 2

function built(): StyleSpecification {
  const source = { type: 'geojson' as const, data: EMPTY }
  const ink = token('--ink')
  const { version, sources, layers } = ground()
  return {
    version,
    sources: { ...sources, circle: source, bonds: source, ties: source, sessions: source, near: source, chosen: source },
    layers: [
      ...layers,
      { id: 'circle', type: 'fill', source: 'circle', paint: { 'fill-color': ink, 'fill-opacity': 0.1 } },
      { id: 'bonds', type: 'line', source: 'bonds', paint: { 'line-color': ink, 'line-width': 2.5 } },
      { id: 'ties', type: 'line', source: 'ties', paint: { 'line-color': ink, 'line-width': 1.5, 'line-dasharray': [3, 2] } },
      { id: 'near', type: 'circle', source: 'near', paint: { 'circle-radius': 17, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ink, 'circle-stroke-width': 1.5 } },
      { id: 'chosen', type: 'circle', source: 'chosen', paint: { 'circle-radius': 18, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ink, 'circle-stroke-width': 3.5 } },
      { id: 'sessions', type: 'symbol', source: 'sessions', layout: {
        // The most urgent lie on top, and none hides for another's sake.
        'icon-image': ['concat', 'p', ['get', 'priority']], 'icon-allow-overlap': true, 'icon-ignore-placement': true,
        'symbol-sort-key': ['-', 0, ['get', 'priority']], 'icon-size': ['case', ['get', 'waits'], 1, 0.75] } },
    ],
  }
}

/** Number, shape and colour of a priority, as `PriorityMark` draws it. */
function mark(priority: number): ImageData | undefined {
  const side = MARK_PX * SHARP
  const brush = new OffscreenCanvas(side, side).getContext('2d')
  if (!brush) return undefined
  brush.scale(side / 24, side / 24)
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
  return brush.getImageData(0, 0, side, side)
}

/** A map in an element. */
export class OverviewMap {
  readonly #canvas: MapCanvas
  #shown: Overview = { sessions: [], chosen: undefined, near: [], together: [] }

  constructor(element: HTMLElement, words: Record<string, string>, failed: () => void, choose: (session: string) => void) {
    this.#canvas = new MapCanvas({ element, words, style: built, draw: () => this.#draw(), failed })
    const { map } = this.#canvas
    map.on('click', 'sessions', ({ features }) => {
      const session: unknown = features?.[0]?.properties['session']
      if (typeof session === 'string') choose(session)
    })
    map.on('mouseenter', 'sessions', () => (map.getCanvas().style.cursor = 'pointer'))
    map.on('mouseleave', 'sessions', () => (map.getCanvas().style.cursor = ''))
  }

  /** Draws these; until somebody moves the map, all of them are in view. */
  show(overview: Overview): void {
    const other = overview.chosen?.session !== this.#shown.chosen?.session
    this.#shown = overview
    this.#canvas.draw()
    if (other && overview.chosen) this.#canvas.see(overview.chosen.place)
  }

  /** Shows everything again. */
  fit(): void {
    this.#canvas.fit(this.#shown.sessions.map(({ place }) => place))
  }

  /** The theme changed. */
  recolour(): void {
    this.#canvas.recolour()
  }

  /** Frees the canvas and its worker. */
  remove(): void {
    this.#canvas.remove()
  }

  #draw(): void {
    const { sessions, chosen, near, together } = this.#shown
    const { map } = this.#canvas
    for (const priority of [1, 2, 3, 4, 5]) {
      const name = `p${String(priority)}`
      const image = map.hasImage(name) ? undefined : mark(priority)
      if (image) map.addImage(name, image, { pixelRatio: SHARP })
    }
    const marks: FeatureCollection<Point> = {
      type: 'FeatureCollection',
      features: sessions.map(({ session, priority, standing, place }) => ({ ...point(place), properties: { session, priority, waits: standing === 'waiting' } })),
    }
    const lines = (to: readonly Placed[]): FeatureCollection<LineString> => ({ type: 'FeatureCollection', features: chosen ? to.map(({ place }) => track([chosen.place, place])) : [] })
    this.#canvas.set('sessions', marks)
    this.#canvas.set('bonds', lines(together))
    this.#canvas.set('ties', lines(near))
    this.#canvas.set('near', { type: 'FeatureCollection', features: near.map(({ place }) => point(place)) })
    this.#canvas.set('chosen', chosen ? point(chosen.place) : EMPTY)
    this.#canvas.set('circle', chosen ? circle(chosen.place) : EMPTY)
    this.#canvas.follow(sessions.map(({ place }) => place))
  }
}
