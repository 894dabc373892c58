// The map of all open sessions: a lazy chunk.
//
// Owns: drawing them, piling up those that would lie on one another, and saying what was pressed. Must not: be needed: every session
// stands in the list beside it too. Used by: `OverviewMap.svelte`.
import type { FeatureCollection, LineString, Point } from 'geojson'
import type { GeoJSONSource, StyleSpecification } from 'maplibre-gl'
import type { DeskInfo, MapTiles, RowPlace, SessionRow } from '../../sdk/src/protocol.ts'
import type { Readable } from '../../sdk/src/store.ts'
import { circle, point, track, type Spot } from './geometry.ts'
import { cased, EMPTY, ground, MapCanvas, token } from './map_canvas.ts'
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

/** Sessions that lie on one another at this zoom. */
export interface Pile {
  readonly id: number
  readonly sessions: number
  /** The most urgent priority among them. */
  readonly top: number
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

/** Marks nearer than this, in px, are one pile: with less they hide one another, with more a quiet town is piles. */
const PILE_PX = 28
/** Piles that are told of: more than fit beside the map would be a second list, and two are no crowd. */
const PILES_MAX = 8
const TOLD_FROM = 3
/** Side of a mark in px, and how many pixels of the screen one of them may have: sharp on every screen. */
const MARK_PX = 24
const SHARP = 2

function built(tiles: MapTiles | undefined): StyleSpecification {
  const source = { type: 'geojson' as const, data: EMPTY }
  const [ink, panel] = [token('--ink'), token('--panel')]
  const { version, sources, layers } = ground(tiles)
  return {
    version,
    sources: { ...sources, circle: source, bonds: source, ties: source, near: source, chosen: source, sessions: {
      // Also at the closest zoom: what was reported from one spot stays a pile with its number.
      ...source, maxzoom: 20, cluster: true, clusterMaxZoom: 19, clusterRadius: PILE_PX, clusterMinPoints: 2, clusterProperties: { top: ['min', ['get', 'priority']] },
    } },
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
      { id: 'sessions', type: 'symbol', source: 'sessions', filter: ['!', ['has', 'point_count']], layout: {
        // The most urgent lie on top, and none hides for another's sake.
        'icon-image': ['concat', 'p', ['get', 'priority']], 'icon-allow-overlap': true, 'icon-ignore-placement': true,
        'symbol-sort-key': ['-', 0, ['get', 'priority']], 'icon-size': ['case', ['get', 'waits'], 1, 0.75] } },
      { id: 'piles', type: 'symbol', source: 'sessions', filter: ['has', 'point_count'], layout: {
        'icon-image': ['concat', 'p', ['get', 'top'], 'x', ['get', 'point_count']], 'icon-allow-overlap': true, 'icon-ignore-placement': true,
        'symbol-sort-key': ['-', 0, ['get', 'top']] } },
    ],
  }
}

/** Number, shape and colour of a priority, as `PriorityMark` draws it; of a pile, on a label with how many they are. */
function mark(priority: number, sessions?: number): ImageData | undefined {
  const count = sessions === undefined ? '' : `×${String(sessions)}`
  const [width, height] = count === '' ? [MARK_PX, MARK_PX] : [MARK_PX + 14 + 9 * count.length, MARK_PX + 8]
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
  readonly #heard: Heard
  #shown: Overview = { sessions: [], chosen: undefined, near: [], together: [], desk: undefined }

  constructor(element: HTMLElement, words: Record<string, string>, failed: () => void, heard: Heard, desk: DeskInfo | undefined) {
    this.#heard = heard
    this.#canvas = new MapCanvas({ element, words, desk, style: built, draw: () => this.#draw(), failed })
    const { map } = this.#canvas
    map.on('click', 'sessions', ({ features }) => {
      const session: unknown = features?.[0]?.properties['session']
      if (typeof session === 'string') heard.choose(session)
    })
    map.on('click', 'piles', ({ features }) => {
      const id: unknown = features?.[0]?.properties['cluster_id']
      if (typeof id === 'number') void this.open(id)
    })
    for (const layer of ['sessions', 'piles']) {
      map.on('mouseenter', layer, () => (map.getCanvas().style.cursor = 'pointer'))
      map.on('mouseleave', layer, () => (map.getCanvas().style.cursor = ''))
    }
    // Each mark is drawn when it is first needed: which numbers there will be, nobody knows before.
    map.on('styleimagemissing', ({ id }) => {
      const [, priority, , sessions] = /^p(\d)(x(\d+))?$/.exec(id) ?? []
      const image = priority === undefined || map.hasImage(id) ? undefined : mark(Number(priority), sessions === undefined ? undefined : Number(sessions))
      if (image) map.addImage(id, image, { pixelRatio: SHARP })
    })
    map.on('idle', () => heard.piles(this.#piles()))
  }

  /** Opens a pile: says what is in it. */
  async open(pile: number): Promise<void> {
    const source = this.#canvas.map.getSource<GeoJSONSource>('sessions')
    const within = await source?.getClusterLeaves(pile, this.#shown.sessions.length, 0).catch(() => undefined)
    const sessions = (within ?? []).map(({ properties }): unknown => properties?.['session']).filter((one) => typeof one === 'string')
    // One that has come apart meanwhile has nothing to show.
    if (sessions.length > 0) this.#heard.open(sessions)
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

  #piles(): Pile[] {
    const seen = new Map<number, Pile>()
    for (const { properties } of this.#canvas.map.queryRenderedFeatures({ layers: ['piles'] })) {
      const [id, sessions, top] = [Number(properties['cluster_id']), Number(properties['point_count']), Number(properties['top'])]
      seen.set(id, { id, sessions, top })
    }
    return [...seen.values()].filter(({ sessions }) => sessions >= TOLD_FROM).sort((a, b) => a.top - b.top || b.sessions - a.sessions).slice(0, PILES_MAX)
  }

  #draw(): void {
    const { sessions, chosen, near, together } = this.#shown
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
    this.#canvas.follow(this.#spots())
  }

  #spots(): readonly Spot[] {
    return this.#shown.sessions.map(({ place }) => place)
  }
}
