// The map of one session: a lazy chunk.
//
// Owns: drawing its places. Must not: be needed: who calls shows everything in text as well and goes on when this chunk, WebGL or the
// worker is missing. Used by: `PlaceMap.svelte`.
import type { StyleSpecification } from 'maplibre-gl'
import type { Location } from '../../sdk/src/protocol.ts'
import { circle, point, track } from './geometry.ts'
import { EMPTY, ground, MapCanvas, token } from './map_canvas.ts'

/** What is drawn. */
export interface Places {
  readonly fixes: readonly Location[]
  readonly service: Location | undefined
  /** A fix to point out. */
  readonly marked?: Location | undefined
}

function built(): StyleSpecification {
  const [ink, device, service] = [token('--ink'), token('--p3'), token('--p1')]
  const source = { type: 'geojson' as const, data: EMPTY }
  const { version, sources, layers } = ground()
  return {
    version,
    sources: { ...sources, circle: source, track: source, fixes: source, latest: source, service: source, marked: source },
    layers: [
      ...layers,
      { id: 'circle', type: 'fill', source: 'circle', paint: { 'fill-color': device, 'fill-opacity': 0.16 } },
      { id: 'edge', type: 'line', source: 'circle', paint: { 'line-color': device, 'line-width': 1.5, 'line-dasharray': [3, 2] } },
      { id: 'track', type: 'line', source: 'track', paint: { 'line-color': device, 'line-width': 2.5 } },
      { id: 'fixes', type: 'circle', source: 'fixes', paint: { 'circle-radius': 3, 'circle-color': device, 'circle-opacity': 0.5 } },
      { id: 'latest', type: 'circle', source: 'latest', paint: {
        // A single fix is the first, rough one: it is drawn faded until a second confirms it.
        'circle-radius': 7, 'circle-color': device, 'circle-opacity': ['case', ['==', ['get', 'first'], true], 0.45, 1], 'circle-stroke-color': ink, 'circle-stroke-width': 2 } },
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
  #places: Places = { fixes: [], service: undefined }

  constructor(element: HTMLElement, words: Record<string, string>, failed: () => void) {
    this.#canvas = new MapCanvas({ element, words, style: built, draw: () => this.#draw(), failed })
  }

  /** Draws these places; the first time, and until somebody moves the map, it also shows all of them. */
  show(places: Places): void {
    this.#places = places
    this.#canvas.draw()
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
