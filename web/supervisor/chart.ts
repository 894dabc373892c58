// Draws one line over time with uPlot. Loaded when there is something to draw, and never before the queues work.
//
// Owns: the drawing and its colours, read from the tokens. Must not: be the only place where a figure stands: the table is.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { time } from '../ui/staff/clock.svelte.ts'

/** What to draw. */
export interface Line {
  /** Whole ms since 1970. */
  readonly atMs: readonly number[]
  readonly values: readonly (number | undefined)[]
  /** The scale's upper end, so that neighbours can be compared. */
  readonly top: number
  /** A line to reach, drawn dashed. */
  readonly goal: number | undefined
}

/** Height of a chart in CSS px. */
const HEIGHT_PX = 112
/** Room for the figures beside the scale, in CSS px. */
const SCALE_PX = 40
/** Width of a time below, which stands in the middle under its moment: the last one is not cut. */
const LABEL_PX = 36

/** What the axis of time spans, in s, before there are two samples; by itself it would be a day. */
const FIRST_SPAN_S = 60

/** The minute of each moment, once each. */
function minutes(splits: readonly number[]): string[] {
  const labels = splits.map((at) => time(at * 1_000).slice(0, 5))
  return labels.map((label, place) => (label === labels[place - 1] ? '' : label))
}

/** A chart inside an element; it follows the element's width. */
export class Chart {
  readonly #plot: uPlot
  readonly #watch: ResizeObserver

  constructor(into: HTMLElement, line: Line) {
    const style = getComputedStyle(document.documentElement)
    const token = (name: string): string => style.getPropertyValue(name).trim()
    const [ink, muted, grid] = [token('--ink'), token('--muted'), token('--line')]
    const font = "12px 'Inter Variable', system-ui, sans-serif"
    const axis = { stroke: muted, font, ticks: { show: false }, grid: { stroke: grid, width: 1 } }
    this.#plot = new uPlot(
      {
        width: Math.max(1, into.clientWidth),
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { show: false },
        padding: [6, LABEL_PX / 2, 0, 0],
        scales: { x: { time: true, range: () => this.#span }, y: { range: () => [0, this.#top] } },
        axes: [
          { ...axis, grid: { show: false }, size: 22, space: 72, values: (_, splits) => minutes(splits) },
          { ...axis, size: SCALE_PX, space: 28, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1_000, 5_000, 10_000, 100_000] },
        ],
        series: [{}, { stroke: ink, width: 2, spanGaps: false, points: { show: false } }, { stroke: muted, width: 1, dash: [4, 4], points: { show: false } }],
      },
      this.#data(line),
      into,
    )
    this.#watch = new ResizeObserver(() => this.#plot.setSize({ width: Math.max(1, into.clientWidth), height: HEIGHT_PX }))
    this.#watch.observe(into)
  }

  #top = 1
  #span: [number, number] = [0, FIRST_SPAN_S]

  #data(line: Line): uPlot.AlignedData {
    this.#top = line.top
    const at = line.atMs.map((ms) => ms / 1_000)
    const [first = 0, last = first] = [at[0], at.at(-1)]
    this.#span = [first < last ? first : last - FIRST_SPAN_S, last]
    return [at, line.values.map((value) => value ?? null), line.atMs.map(() => line.goal ?? null)]
  }

  /** Draws this from now on. */
  set(line: Line): void {
    this.#plot.setData(this.#data(line))
  }

  /** Takes it off the page. */
  end(): void {
    this.#watch.disconnect()
    this.#plot.destroy()
  }
}
