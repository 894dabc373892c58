// Compares the built pages with their budgets: gzipped bytes of what a first load fetches, and of the lazy rest.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const kB = 1000
const BUDGETS = [
  { page: 'index.html', name: 'resident', js: 60 * kB, css: 12 * kB, font: 0, lazy: {} },
  { page: 'console/index.html', name: 'console', js: 120 * kB, css: 30 * kB, font: 50 * kB, lazy: { map: 460 * kB } },
  { page: 'supervisor/index.html', name: 'supervisor', js: 120 * kB, css: 30 * kB, font: 50 * kB, lazy: { map: 460 * kB, chart: 30 * kB } },
  { page: 'responder/index.html', name: 'responder', js: 45 * kB, css: 6 * kB, font: 0, lazy: {} },
]

// Lazy chunks are known by their names.
const LAZY = { map: /map/i, chart: /chart|uplot/i }

// Sizes of yesterday's pages prove nothing.
const built = statSync(join(dist, 'index.html')).mtimeMs
for (const room of ['console', 'resident', 'responder', 'sdk/src', 'supervisor', 'ui', 'words']) {
  const at = fileURLToPath(new URL(`../${room}`, import.meta.url))
  const newer = readdirSync(at, { recursive: true }).find((file) => statSync(join(at, file)).mtimeMs > built)
  if (newer !== undefined) {
    console.log(`FAIL ${room}/${newer} is newer than the built pages: build them first`)
    process.exit(1)
  }
}

let over = 0
for (const budget of BUDGETS) {
  const html = readFileSync(join(dist, budget.page), 'utf8')
  if (/<script(?![^>]*\ssrc=)[^>]*>|\sstyle="|<style|\son\w+="/i.test(html)) fail(`${budget.page} has something inline`)
  const first = new Set([...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map((match) => resolve(budget.page, match[1])))
  for (const file of first) for (const child of staticImports(file)) first.add(child)
  const reached = new Set(first)
  for (const file of reached) for (const child of [...staticImports(file), ...lazyFiles(file)]) reached.add(child)
  check(`${budget.name} first load JS`, sum(first, /\.m?js$/), budget.js)
  check(`${budget.name} first load CSS`, sum(first, /\.css$/), budget.css)
  check(`${budget.name} largest font`, Math.max(0, ...[...reached].filter((file) => /\.woff2?$/.test(file)).map(size)), budget.font)
  for (const [word, bytes] of Object.entries(budget.lazy)) {
    const parts = new Set([...reached].filter((file) => !first.has(file) && LAZY[word].test(posix.basename(file))))
    if (parts.size > 0) check(`${budget.name} lazy ${word}`, sum(parts, /./), bytes)
  }
}
process.exit(over > 0 ? 1 : 0)

function resolve(from, to) {
  return to.startsWith('/') ? to.slice(1) : posix.normalize(posix.join(dirname(from), to))
}

function source(file) {
  return /\.m?js$/.test(file) && existsSync(join(dist, file)) ? readFileSync(join(dist, file), 'utf8') : ''
}

/** Chunks a file imports at once. */
function staticImports(file) {
  const found = source(file).matchAll(/(?:^|[;}\n])\s*(?:import|export)\s*(?:[^"'()]*?\s*from\s*)?["']([^"']+\.js)["']/g)
  return [...found].map((match) => resolve(file, match[1])).filter((path) => existsSync(join(dist, path)))
}

/** Files a chunk may load later: dynamic imports, their styles, workers. */
function lazyFiles(file) {
  const found = source(file).matchAll(/["'`]((?:\.\/|\/?assets\/)[^"'`\s]+\.(?:js|mjs|css|woff2))["'`]/g)
  return [...found]
    .map((match) => (match[1].startsWith('./') ? resolve(file, match[1]) : match[1].replace(/^\//, '')))
    .filter((path) => existsSync(join(dist, path)))
}

function size(file) {
  return /\.woff2?$/.test(file) ? readFileSync(join(dist, file)).length : gzipSync(readFileSync(join(dist, file)), { level: 9 }).length
}

function sum(files, kind) {
  return [...files].filter((file) => kind.test(file)).reduce((total, file) => total + size(file), 0)
}

function check(what, bytes, bound) {
  const ok = bytes <= bound
  if (!ok) over += 1
  console.log(`${ok ? 'ok  ' : 'OVER'} ${what}: ${(bytes / kB).toFixed(1)} of ${(bound / kB).toFixed(0)} kB`)
}

function fail(what) {
  over += 1
  console.log(`FAIL ${what}`)
}
