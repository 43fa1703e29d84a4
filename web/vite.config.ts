import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const here = import.meta.dirname
const faces = ['portal', 'desk', 'console', 'chat'] as const

/** In development the three faces live at the addresses that the program gives them. */
function facesAtTheirAddresses(): Plugin {
  return {
    name: 'faces-at-their-addresses',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? '/').split('?')[0] ?? '/'
        const isPage = !/^\/(@|src\/|node_modules\/|api\/)/.test(path) && !/\.\w+$/.test(path)
        if (isPage) {
          const face = /^\/gallery\b/.test(path) ? 'gallery' : (faces.find((f) => path === `/${f}` || path.startsWith(`/${f}/`)) ?? 'portal')
          request.url = `/${face}.html`
        }
        next()
      })
    },
  }
}

/** The portal's service worker keeps exactly the files that the portal's shell needs, by their hashes. */
function offlineShell(): Plugin {
  return {
    name: 'offline-shell',
    apply: 'build',
    generateBundle(_options, bundle) {
      const files = new Set<string>()
      const visit = (name: string) => {
        const part = bundle[name]
        if (!part || files.has(name)) return
        files.add(name)
        if (part.type !== 'chunk') return
        part.imports.forEach(visit)
        part.viteMetadata?.importedCss.forEach((css) => files.add(css))
      }
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type !== 'chunk') continue
        const ids = part.moduleIds.map((id) => id.replaceAll('\\', '/'))
        const isEntry = part.isEntry && part.name === 'portal'
        const isPortalPage = part.isDynamicEntry && ids.some((id) => id.includes('/src/portal/'))
        const isPortalText = ids.some((id) => /\/locales\/[\w-]+\/(common|portal)\.json/.test(id))
        if (isEntry || isPortalPage || isPortalText) visit(name)
      }
      const list = ['/', ...[...files].sort().map((f) => `/${f}`)]
      const version = createHash('sha256').update(list.join()).digest('hex').slice(0, 12)
      const source = readFileSync(resolve(here, 'src/portal/sw.js'), 'utf8')
        .replace("'__SHELL__'", JSON.stringify(list))
        .replace('__VERSION__', version)
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}

export default defineConfig({
  plugins: [react(), facesAtTheirAddresses(), offlineShell()],
  appType: 'mpa',
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
  build: {
    outDir: resolve(here, '../src/aftercare/web'),
    emptyOutDir: true,
    manifest: true,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { ...Object.fromEntries(faces.map((face) => [face, resolve(here, `${face}.html`)])), widget: resolve(here, 'src/widget/loader.ts') },
      // Shops write this address into their pages: it has no hash and never changes.
      output: { entryFileNames: (chunk) => (chunk.name === 'widget' ? 'widget.js' : 'assets/[name]-[hash].js') },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
