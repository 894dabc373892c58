// The panels that can stand in a window of their own, and their URLs.

import { rootOf } from '../ui/address.ts'

/** Panels by the name in their URL, `/console/?panel=<name>`. */
export const PANELS = ['overview', 'queue', 'session', 'map', 'media', 'timeline'] as const
/** One of them. */
export type PanelName = (typeof PANELS)[number]

/** The panel that a query names, if it names one. */
export function panelOf(query: string): PanelName | undefined {
  const wanted = new URLSearchParams(query).get('panel')
  return PANELS.find((name) => name === wanted)
}

/** The URL of a panel, from the path of the console. */
export function panelUrl(name: PanelName, path: string): string {
  return `${rootOf(path)}/console/?panel=${name}`
}

/** The overview of the sessions of one incident. */
export function incidentUrl(incident: string, path: string): string {
  return `${panelUrl('overview', path)}&incident=${incident}`
}

/** The incident that a query narrows the overview to. */
export function incidentIn(query: string): string | undefined {
  return new URLSearchParams(query).get('incident') ?? undefined
}
