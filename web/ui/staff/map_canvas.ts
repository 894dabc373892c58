// What the maps of the staff pages stand on: one canvas of maplibre-gl, a grid of latitude and longitude instead of a base map.
//
// Owns: the library, its worker, what fits into view, the grid. Must not: know what is drawn. Used by: `map.ts`, `overview_map.ts`, which
// are the lazy chunks.
import { LngLatBounds, Map as Canvas, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource, type StyleSpecification } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { around, grid, type Box, type Spot } from './geometry.ts'

setWorkerUrl(workerUrl)

/** Closest zoom on opening: about 150 m across; closer would hide the circle's meaning. */
const ZOOM_MAX = 17
/** Nothing to draw. */
export const EMPTY = { type: 'FeatureCollection' as const, features: [] }

/** A colour of the page, read from its tokens. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** Source and layers that every style begins with. */
export function ground(): Pick<StyleSpecification, 'version' | 'layers'> & { sources: StyleSpecification['sources'] } {
  return {
    version: 8,
    sources: { grid: { type: 'geojson', data: EMPTY } },
    layers: [
      { id: 'page', type: 'background', paint: { 'background-color': token('--raised') } },
      { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': token('--line'), 'line-width': 1 } },
    ],
  }
}

/** How a map is made. */
export interface MapParts {
  readonly element: HTMLElement
  /** Words of the library's own buttons. */
  readonly words: Record<string, string>
  /** The style, in the colours of now. */
  style(): StyleSpecification
  /** Everything is drawn anew: the style is there, or another one. */
  draw(): void
  /** The browser took the picture away. */
  failed(): void
}

/** A map in an element. */
export class MapCanvas {
  readonly map: Canvas
  readonly #parts: MapParts
  #fitted = false
  #moved = false
  #styled = false

  constructor(parts: MapParts) {
    this.#parts = parts
    this.map = new Canvas({
      container: parts.element, style: parts.style(), attributionControl: false, maxZoom: 19, center: [0, 0], zoom: 1, locale: parts.words,
      dragRotate: false, pitchWithRotate: false, fadeDuration: 0,
    })
    this.map.touchZoomRotate.disableRotation()
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
    this.map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left')
    this.map.on('style.load', () => {
      this.#styled = true
      this.draw()
    })
    this.map.on('moveend', () => this.#grid())
    this.map.on('dragstart', () => (this.#moved = true))
    this.map.on('webglcontextlost', () => parts.failed())
  }

  /** Draws what there is, once the style is there. */
  draw(): void {
    if (!this.#styled) return
    this.#parts.draw()
    this.#grid()
  }

  /** Puts data into a source of the style. */
  set(source: string, data: Parameters<GeoJSONSource['setData']>[0]): void {
    void this.map.getSource<GeoJSONSource>(source)?.setData(data)
  }

  /** Shows all of these, unless somebody has moved the map. */
  follow(places: readonly Spot[]): void {
    if (!this.#moved) this.#fit(places, this.#fitted)
  }

  /** Shows all of these whatever somebody did. */
  fit(places: readonly Spot[]): void {
    this.#moved = false
    this.#fit(places, true)
  }

  /** Brings a place into view where it is not. */
  see({ longitude, latitude }: Spot): void {
    if (!this.map.getBounds().contains([longitude, latitude])) this.map.easeTo({ center: [longitude, latitude], duration: 0 })
  }

  /** The theme changed. */
  recolour(): void {
    this.#styled = false
    this.map.setStyle(this.#parts.style(), { diff: false })
  }

  /** Frees the canvas and its worker. */
  remove(): void {
    this.map.remove()
  }

  #fit(places: readonly Spot[], gently: boolean): void {
    if (places.length === 0) return
    const [west, south, east, north] = around(places)
    const still = !gently || matchMedia('(prefers-reduced-motion: reduce)').matches
    this.map.fitBounds(new LngLatBounds([west, south], [east, north]), { padding: 28, maxZoom: ZOOM_MAX, duration: still ? 0 : 300 })
    this.#fitted = true
  }

  #grid(): void {
    const bounds = this.map.getBounds()
    const box: Box = [bounds.getWest(), Math.max(-85, bounds.getSouth()), bounds.getEast(), Math.min(85, bounds.getNorth())]
    this.set('grid', grid(box))
  }
}
