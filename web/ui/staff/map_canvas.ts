// What the maps of the staff pages stand on: one canvas of maplibre-gl, a grid of latitude and longitude, and the agency's tiles behind it if it has any.
//
// Owns: the library, its worker, what fits into view, where it stands with nothing in it, the grid, the tiles. Must not: know what is drawn. Used by: `map.ts`, `overview_map.ts`, which
// are the lazy chunks.
import { addProtocol, LngLatBounds, Map as Canvas, NavigationControl, ScaleControl, setWorkerUrl, type CircleLayerSpecification, type GeoJSONSource, type LayerSpecification, type LineLayerSpecification, type StyleSpecification } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import type { DeskInfo, MapTiles } from '../../sdk/src/protocol.ts'
import type { Readable } from '../../sdk/src/store.ts'
import { around, grid, type Box, type Spot } from './geometry.ts'
import { NoTile, TileServer, type Background } from './tiles.ts'

setWorkerUrl(workerUrl)

/** One for all maps of the page: what one has found out counts for the others. The library asks it under an address of its own. */
const server = new TileServer<ImageBitmap>({ fetch: (url, how) => fetch(url, how), decode: (picture) => createImageBitmap(picture) })
const BEHIND = 'behind'
addProtocol(BEHIND, async ({ url }, { signal }) => ({ data: await server.get(url.slice(BEHIND.length + 3), signal) }))

/** Closest zoom on opening: about 150 m across; closer would hide the circle's meaning. */
const ZOOM_MAX = 17
/** Nothing to draw. */
export const EMPTY = { type: 'FeatureCollection' as const, features: [] }

/** A colour of the page, read from its tokens. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** Source and layers that every style begins with. Tiles are dimmed as the theme says, so that everything on them stays legible. */
export function ground(tiles: MapTiles | undefined): Pick<StyleSpecification, 'version' | 'layers'> & { sources: StyleSpecification['sources'] } {
  return {
    version: 8,
    sources: {
      grid: { type: 'geojson', data: EMPTY },
      ...(tiles ? { tiles: { type: 'raster', tiles: [`${BEHIND}://${tiles.template}`], tileSize: 256, maxzoom: tiles.max_zoom } } : {}),
    },
    layers: [
      { id: 'page', type: 'background', paint: { 'background-color': token('--raised') } },
      ...(tiles ? [dimmed()] : []),
      { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': token('--line'), 'line-width': 1, 'line-opacity': tiles ? 0.5 : 1 } },
    ],
  }
}

function dimmed(): LayerSpecification {
  const number = (name: string): number => Number(token(name))
  return { id: 'tiles', type: 'raster', source: 'tiles', paint: {
    'raster-opacity': number('--tiles-opacity'), 'raster-brightness-min': number('--tiles-darkest'), 'raster-brightness-max': number('--tiles-brightest'),
    'raster-saturation': number('--tiles-colour'), 'raster-fade-duration': 0 } }
}

/** A line around a sign, where tiles of any colour may lie behind it. */
export function cased(tiles: MapTiles | undefined, layer: LineLayerSpecification | CircleLayerSpecification): LayerSpecification[] {
  return tiles ? [{ ...layer, id: `${layer.id}-case` } as LayerSpecification] : []
}

/** How a map is made. */
export interface MapParts {
  readonly element: HTMLElement
  /** Words of the library's own buttons. */
  readonly words: Record<string, string>
  /** What the agency says of its maps. */
  readonly desk: DeskInfo | undefined
  /** The style, in the colours of now, on these tiles. */
  style(tiles: MapTiles | undefined): StyleSpecification
  /** Everything is drawn anew: the style is there, or another one. */
  draw(): void
  /** The browser took the picture away. */
  failed(): void
}

/** A map in an element. */
export class MapCanvas {
  readonly map: Canvas
  /** Whether there is a background. */
  readonly background: Readable<Background> = server.background
  readonly #parts: MapParts
  readonly #stopAsking: () => void
  #desk: DeskInfo | undefined
  /** Where it stands with nothing in it, in words to compare; none when something was in it. */
  #rests = ''
  #fitted = false
  #moved = false
  #styled = false

  constructor(parts: MapParts) {
    this.#parts = parts
    this.#desk = parts.desk
    this.map = new Canvas({
      container: parts.element, style: parts.style(parts.desk?.map_tiles), attributionControl: false, maxZoom: 19, center: [0, 0], zoom: 1, locale: parts.words,
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
    // A missing picture is told in words, once for all of them.
    this.map.on('error', ({ error }) => {
      if (!(error instanceof NoTile)) console.error(error)
    })
    this.#stopAsking = server.onAgain(() => {
      if (this.map.getSource('tiles')) this.map.refreshTiles('tiles')
    })
  }

  /** Goes by what the agency says of its maps now. */
  settle(desk: DeskInfo | undefined): void {
    const other = JSON.stringify(desk?.map_tiles) !== JSON.stringify(this.#desk?.map_tiles)
    this.#desk = desk
    if (other) this.recolour()
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
    this.#rests = ''
    this.#fit(places, true)
  }

  /** Brings a place into view where it is not. */
  see({ longitude, latitude }: Spot): void {
    if (!this.map.getBounds().contains([longitude, latitude])) this.map.easeTo({ center: [longitude, latitude], duration: 0 })
  }

  /** The theme changed. */
  recolour(): void {
    this.#styled = false
    this.map.setStyle(this.#parts.style(this.#desk?.map_tiles), { diff: false })
  }

  /** Frees the canvas and its worker. */
  remove(): void {
    this.#stopAsking()
    this.map.remove()
  }

  #fit(places: readonly Spot[], gently: boolean): void {
    if (places.length === 0) return this.#rest()
    this.#rests = ''
    this.#show(places, gently)
    this.#fitted = true
  }

  /** Stands where the agency wants it while there is nothing to show. */
  #rest(): void {
    const { map_view: view, area } = this.#desk ?? {}
    const words = JSON.stringify(view ?? area ?? '')
    if (words === this.#rests) return
    this.#rests = words
    if (view) this.map.jumpTo({ center: [view.longitude, view.latitude], zoom: view.zoom })
    else if (area) this.#show([{ latitude: area.latitude, longitude: area.longitude, uncertainty_m: area.radius_km * 1_000 }], false)
  }

  #show(places: readonly Spot[], gently: boolean): void {
    const [west, south, east, north] = around(places)
    const still = !gently || matchMedia('(prefers-reduced-motion: reduce)').matches
    this.map.fitBounds(new LngLatBounds([west, south], [east, north]), { padding: 28, maxZoom: ZOOM_MAX, duration: still ? 0 : 300 })
  }

  #grid(): void {
    const bounds = this.map.getBounds()
    const box: Box = [bounds.getWest(), Math.max(-85, bounds.getSouth()), bounds.getEast(), Math.min(85, bounds.getNorth())]
    this.set('grid', grid(box))
  }
}
