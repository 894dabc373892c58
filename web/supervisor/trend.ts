// What the figures were: a sample every few seconds since the page was opened, for charts, their tables and a file.
//
// Owns: the samples and their bound, and how they are written as CSV. Must not: draw, or ask the gateway for more than it tells.
// Used by: `Trend.svelte`; tests.
import type { Board } from '../sdk/src/protocol.ts'
import { share } from './figures.ts'

/** Pause between two samples, in ms: a wait target is no shorter. */
export const EVERY_MS = 5_000
/** Most samples: two hours at the pause above, some 100 kB with ten queues. The oldest go first. */
export const SAMPLES_MAX = 1_440

/** What can be drawn. */
export const METRICS = ['waiting', 'longest', 'share', 'answered', 'abandoned'] as const
/** One of them. */
export type Metric = (typeof METRICS)[number]

/** The figures of one moment; seconds for waits, percent for shares, `undefined` where nothing is known. */
export interface Sample {
  readonly atMs: number
  readonly queues: Readonly<Record<string, Readonly<Record<Metric, number | undefined>>>>
}

/** The samples with this board added, if one is due. */
export function sampled(samples: readonly Sample[], board: Board): readonly Sample[] {
  const last = samples.at(-1)
  if (last && board.now_ms - last.atMs < EVERY_MS) return samples
  const queues = Object.fromEntries(
    board.queues.map((figures) => [
      figures.queue,
      {
        waiting: figures.waiting,
        longest: figures.longest_since_ms === undefined ? 0 : Math.max(0, Math.floor((board.now_ms - figures.longest_since_ms) / 1_000)),
        share: share(figures),
        answered: figures.answered,
        abandoned: figures.abandoned,
      },
    ]),
  )
  return [...samples.slice(-(SAMPLES_MAX - 1)), { atMs: board.now_ms, queues }]
}

/** One cell of a CSV file. What a spreadsheet would take for a formula becomes text. */
export function cell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) || text !== value ? `"${text.replaceAll('"', '""')}"` : text
}

/** All samples as CSV: one line per moment and queue. */
export function csv(samples: readonly Sample[], names: (queue: string) => string): string {
  const lines = [['time', 'queue', ...METRICS.map((metric) => ({ waiting: 'waiting', longest: 'longest_wait_s', share: 'in_target_percent', answered: 'answered_today', abandoned: 'abandoned_today' })[metric])].join(',')]
  for (const { atMs, queues } of samples) {
    for (const [queue, figures] of Object.entries(queues)) {
      lines.push([new Date(atMs).toISOString(), names(queue), ...METRICS.map((metric) => figures[metric])].map(cell).join(','))
    }
  }
  return `${lines.join('\r\n')}\r\n`
}
