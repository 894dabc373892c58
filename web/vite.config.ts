// How the four pages are built. Nothing is inline, because the pages are served under a strict content security policy.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { compress } from './tools/compress.ts'
import { languages } from './tools/languages.ts'
import { worker } from './tools/worker.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
// Where `npm run dev` finds a gateway.
const gateway = process.env['CALLBOX_GATEWAY'] ?? 'http://127.0.0.1:8911'
// What is passed on to it comes from its own origin: it refuses the pages of others.
const passed = { target: gateway, ws: true, headers: { origin: gateway } }

export default defineConfig({
  root: at('.'),
  plugins: [svelte(), languages(), worker(at('./resident/sw.js')), compress()],
  ...(process.env['VITEST'] ? { resolve: { conditions: ['browser'] } } : {}),
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The map is one lazy chunk of about 1 MB before compression; `npm run budgets` is what guards sizes.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      input: {
        resident: at('./index.html'),
        console: at('./console/index.html'),
        supervisor: at('./supervisor/index.html'),
        responder: at('./responder/index.html'),
      },
    },
  },
  server: { proxy: { '/ws': passed, '/api': passed } },
  test: { include: ['**/*.test.ts'], exclude: ['node_modules/**', 'dist/**'], environment: 'node' },
})
