// The map itself: one lazy chunk with maplibre-gl, a built-in style without a base map.
//
// Owns: drawing places. Must not: be needed: who calls shows everything in text as well and goes on when this chunk, WebGL or the
// worker is missing. Used by: `PlaceMap.svelte`.
import { LngLatBounds, Map as Canvas, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource, type StyleSpecification } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import type { Location } from '../../sdk/src/protocol.ts'
import { around, circle, grid, point, track, type Box } from './geometry.ts'

setWorkerUrl(workerUrl)

/** What is drawn. */
export interface Places {
  readonly fixes: readonly Location[]
  readonly service: Location | undefined
  /** A fix to point out. */
  readonly marked?: Location | undefined
}

/** Colours of the page, read from its tokens. */
interface Colours { page: string; line: string; ink: string; device: string; service: string }

/** Closest zoom on opening: about 150 m across; closer would hide the circle's meaning. */
const ZOOM_MAX = 17
const EMPTY = { type: 'FeatureCollection' as const, features: [] }

function colours(): Colours {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  return { page: token('--raised'), line: token('--line'), ink: token('--ink'), device: token('--p3'), service: token('--p1') }
}

function built({ page, line, ink, device, service }: Colours): StyleSpecification {
  const source = { type: 'geojson' as const, data: EMPTY }
  return {
    version: 8,
    sources: { grid: source, circle: source, track: source, fixes: source, latest: source, service: source, marked: source },
    layers: [
      { id: 'page', type: 'background', paint: { 'background-color': page } },
      { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': line, 'line-width': 1 } },
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
  readonly #map: Canvas
  #places: Places = { fixes: [], service: undefined }
  #fitted = false
  #moved = false

  constructor(element: HTMLElement, words: Record<string, string>, failed: () => void) {
    this.#map = new Canvas({
      container: element, style: built(colours()), attributionControl: false, maxZoom: 19, center: [0, 0], zoom: 1, locale: words,
      dragRotate: false, pitchWithRotate: false, fadeDuration: 0,
    })
    this.#map.touchZoomRotate.disableRotation()
    this.#map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
    this.#map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left')
    this.#map.on('style.load', () => this.#draw())
    this.#map.on('moveend', () => this.#grid())
    this.#map.on('dragstart', () => (this.#moved = true))
    this.#map.on('webglcontextlost', failed)
  }

  /** Draws these places; the first time, and until somebody moves the map, it also shows all of them. */
  show(places: Places): void {
    this.#places = places
    this.#draw()
  }

  /** Shows everything again. */
  fit(): void {
    this.#moved = false
    this.#fit(true)
  }

  /** The theme changed. */
  recolour(): void {
    this.#map.setStyle(built(colours()), { diff: false })
  }

  /** Frees the canvas and its worker. */
  remove(): void {
    this.#map.remove()
  }

  #draw(): void {
    const { fixes, service, marked } = this.#places
    const latest = fixes.at(-1)
    this.#set('circle', latest ? circle(latest) : EMPTY)
    this.#set('track', fixes.length > 1 ? track(fixes) : EMPTY)
    this.#set('fixes', { type: 'FeatureCollection', features: fixes.slice(0, -1).map(point) })
    this.#set('latest', latest ? { ...point(latest), properties: { first: fixes.length === 1 } } : EMPTY)
    this.#set('service', service ? point(service) : EMPTY)
    this.#set('marked', marked ? point(marked) : EMPTY)
    this.#grid()
    if (!this.#moved) this.#fit(this.#fitted)
  }

  #fit(gently: boolean): void {
    const { fixes, service } = this.#places
    const places = service ? [...fixes, service] : fixes
    if (places.length === 0) return
    const [west, south, east, north] = around(places)
    const still = !gently || matchMedia('(prefers-reduced-motion: reduce)').matches
    this.#map.fitBounds(new LngLatBounds([west, south], [east, north]), { padding: 28, maxZoom: ZOOM_MAX, duration: still ? 0 : 300 })
    this.#fitted = true
  }

  #grid(): void {
    const bounds = this.#map.getBounds()
    const box: Box = [bounds.getWest(), Math.max(-85, bounds.getSouth()), bounds.getEast(), Math.min(85, bounds.getNorth())]
    this.#set('grid', grid(box))
  }

  #set(source: string, data: Parameters<GeoJSONSource['setData']>[0]): void {
    void this.#map.getSource<GeoJSONSource>(source)?.setData(data)
  }
}
