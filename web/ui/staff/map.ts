// The map of one session: a lazy chunk.
//
// Owns: drawing its places. Must not: be needed: who calls shows everything in text as well and goes on when this chunk, WebGL or the
// worker is missing. Used by: `PlaceMap.svelte`.
import type { StyleSpecification } from 'maplibre-gl'
import type { DeskInfo, Location, MapTiles } from '../../sdk/src/protocol.ts'
import type { Readable } from '../../sdk/src/store.ts'
import { circle, point, track } from './geometry.ts'
import { cased, EMPTY, ground, MapCanvas, token } from './map_canvas.ts'
import type { Background } from './tiles.ts'

/** What is drawn. */
export interface Places {
  readonly fixes: readonly Location[]
  readonly service: Location | undefined
  /** A fix to point out. */
  readonly marked?: Location | undefined
  /** What the agency says of its maps. */
  readonly desk: DeskInfo | undefined
}

function built(tiles: MapTiles | undefined): StyleSpecification {
  const [ink, device, service, panel] = [token('--ink'), token('--p3'), token('--p1'), token('--panel')]
  const source = { type: 'geojson' as const, data: EMPTY }
  const { version, sources, layers } = ground(tiles)
  return {
    version,
    sources: { ...sources, circle: source, track: source, fixes: source, latest: source, service: source, marked: source },
    layers: [
      ...layers,
      { id: 'circle', type: 'fill', source: 'circle', paint: { 'fill-color': device, 'fill-opacity': 0.16 } },
      ...cased(tiles, { id: 'edge', type: 'line', source: 'circle', paint: { 'line-color': panel, 'line-width': 4 } }),
      { id: 'edge', type: 'line', source: 'circle', paint: { 'line-color': device, 'line-width': 1.5, 'line-dasharray': [3, 2] } },
      ...cased(tiles, { id: 'track', type: 'line', source: 'track', paint: { 'line-color': panel, 'line-width': 5.5 } }),
      { id: 'track', type: 'line', source: 'track', paint: { 'line-color': device, 'line-width': 2.5 } },
      { id: 'fixes', type: 'circle', source: 'fixes', paint: { 'circle-radius': 3, 'circle-color': device, 'circle-opacity': 0.5 } },
      { id: 'latest', type: 'circle', source: 'latest', paint: {
        // A single fix is the first, rough one: it is drawn faded until a second confirms it.
        'circle-radius': 7, 'circle-color': device, 'circle-opacity': ['case', ['==', ['get', 'first'], true], 0.45, 1], 'circle-stroke-color': ink, 'circle-stroke-width': 2 } },
      ...cased(tiles, { id: 'service', type: 'circle', source: 'service', paint: { 'circle-radius': 8.5, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': panel, 'circle-stroke-width': 7 } }),
      { id: 'service', type: 'circle', source: 'service', paint: {
        'circle-radius': 10, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': service, 'circle-stroke-width': 4 } },
      { id: 'marked', type: 'circle', source: 'marked', paint: {
        'circle-radius': 14, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ink, 'circle-stroke-width': 3 } },
    ],
  }
}

/** A map in an element. */
export class PlaceMap {
  readonly #canvas: MapCanvas
  #places: Places = { fixes: [], service: undefined, desk: undefined }

  constructor(element: HTMLElement, words: Record<string, string>, failed: () => void, desk: DeskInfo | undefined) {
    this.#canvas = new MapCanvas({ element, words, desk, style: built, draw: () => this.#draw(), failed })
  }

  /** Draws these places; the first time, and until somebody moves the map, it also shows all of them. */
  show(places: Places): void {
    this.#places = places
    this.#canvas.settle(places.desk)
    this.#canvas.draw()
  }

  /** Whether there is a background. */
  get background(): Readable<Background> {
    return this.#canvas.background
  }

  /** Shows everything again. */
  fit(): void {
    this.#canvas.fit(this.#all())
  }

  /** The theme changed. */
  recolour(): void {
    this.#canvas.recolour()
  }

  /** Frees the canvas and its worker. */
  remove(): void {
    this.#canvas.remove()
  }

  #all(): readonly Location[] {
    const { fixes, service } = this.#places
    return service ? [...fixes, service] : fixes
  }

  #draw(): void {
    const { fixes, service, marked } = this.#places
    const latest = fixes.at(-1)
    this.#canvas.set('circle', latest ? circle(latest) : EMPTY)
    this.#canvas.set('track', fixes.length > 1 ? track(fixes) : EMPTY)
    this.#canvas.set('fixes', { type: 'FeatureCollection', features: fixes.slice(0, -1).map(point) })
    this.#canvas.set('latest', latest ? { ...point(latest), properties: { first: fixes.length === 1 } } : EMPTY)
    this.#canvas.set('service', service ? point(service) : EMPTY)
    this.#canvas.set('marked', marked ? point(marked) : EMPTY)
    this.#canvas.follow(this.#all())
  }
}
