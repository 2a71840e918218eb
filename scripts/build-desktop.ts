import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Rolldown } from 'vite'
import { z } from 'zod'
import manifest from '../package.json' with { type: 'json' }
import { root } from './run-tool.ts'

/** What runs the bundles: the pinned Electron, or the old one of the desktop tests, whose lacks `bridge` makes up for. */
export interface DesktopTarget {
  /** Folder of `dist` that gets `desktop`, `renderer` and `service`. */
  readonly folder: string
  readonly node: string
  readonly chrome: string
  /** A module that is run before main and before the page; tests only. */
  readonly bridge: string | null
}

export const pinnedTarget: DesktopTarget = { folder: 'dist', node: 'node24', chrome: 'es2024', bridge: null }

/** Electron 22: Node 16.17, Chromium 108. */
export const testTarget: DesktopTarget = {
  folder: join('dist', 'chrome108'),
  node: 'node16',
  chrome: 'chrome108',
  bridge: join(root, 'test', 'e2e', 'desktop', 'electron-22.ts'),
}

/** The page: the same files behind every door. */
export async function buildPage(target: DesktopTarget): Promise<void> {
  await build({
    configFile: join(root, 'renderer', 'vite.config.ts'),
    logLevel: 'error',
    plugins: target.bridge === null ? [] : [runBefore(join(root, 'renderer', 'app', 'main.tsx'), target.bridge)],
    build: {
      target: target.chrome,
      outDir: join(root, target.folder, 'renderer'),
    },
  })
}

/** Main and preload, one CommonJS file each: a sandboxed preload can be nothing else. */
export async function buildMain(target: DesktopTarget): Promise<void> {
  const outDir = join(root, target.folder, 'desktop')
  await rm(outDir, { recursive: true, force: true })
  const main = join(root, 'electron', 'main', 'index.ts')
  for (const [name, entry] of [
    ['main', main],
    ['preload', join(root, 'electron', 'preload', 'preload.ts')],
  ] as const) {
    await bundle({
      entry: { [name]: entry },
      outDir,
      target: target.node,
      format: 'cjs',
      plugins: target.bridge === null ? [] : [runBefore(main, target.bridge)],
    })
  }
  await writeFile(
    join(outDir, 'package.json'),
    `${JSON.stringify({ name: manifest.name, productName: 'Everyhop', version: manifest.version, main: 'main.cjs' })}\n`,
  )
}

/** The service, with everything it needs but what has native code; its workers beside it. */
export async function buildService(): Promise<void> {
  const outDir = join(root, 'dist', 'service')
  await rm(outDir, { recursive: true, force: true })
  await bundle({
    entry: { desktop: join(root, 'electron', 'service', 'desktop.ts') },
    outDir,
    target: 'node24',
    format: 'es',
    plugins: [ownPlaces(outDir)],
  })
}

/** Everything that `npm start` needs. */
export async function buildAll(target: DesktopTarget): Promise<void> {
  await Promise.all([buildPage(target), buildMain(target), buildService()])
  if (target.folder !== pinnedTarget.folder) await linkService(target)
}

/** One service for both: for the old Electron it runs in a Node of its own. */
export async function linkService(target: DesktopTarget): Promise<void> {
  const link = join(root, target.folder, 'service')
  await mkdir(dirname(link), { recursive: true })
  await rm(link, { recursive: true, force: true })
  await symlink(relative(dirname(link), join(root, 'dist', 'service')), link)
}

interface Bundle {
  readonly entry: Record<string, string>
  readonly outDir: string
  readonly target: string
  readonly format: 'cjs' | 'es'
  readonly plugins: Rolldown.Plugin[]
}

async function bundle({ entry, outDir, target, format, plugins }: Bundle): Promise<void> {
  const ending = format === 'cjs' ? 'cjs' : 'mjs'
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins,
    ssr: { noExternal: true, external: ['electron'] },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      target,
      minify: false,
      rollupOptions: {
        input: entry,
        external: [/^electron$/, /^node:/, /^@duckdb\//],
        output: {
          format,
          entryFileNames: `[name].${ending}`,
          chunkFileNames: `[name]-[hash].${ending}`,
          // A module's imports run before it even where the bundler puts them into different files: a decorator needs its polyfill.
          strictExecutionOrder: true,
          ...(format === 'cjs' ? { codeSplitting: false } : {}),
        },
      },
    },
  })
}

/** Runs one module before another. */
function runBefore(module: string, before: string): Rolldown.Plugin {
  return {
    name: 'run-before',
    transform: {
      order: 'pre',
      handler: (code, id) => (id === module ? `import ${JSON.stringify(before)}\n${code}` : null),
    },
  }
}

const workerPattern = /new URL\(\s*'(\.[^']+\.ts)',\s*import\.meta\.url\s*,?\s*\)/g

/**
 * Keeps what a module says of its own place true in a bundle: files that lie beside a source are found there, and a worker's
 * file becomes a bundle of its own.
 */
function ownPlaces(outDir: string): Rolldown.Plugin {
  return {
    name: 'own-places',
    transform: {
      order: 'pre',
      handler(code, id) {
        if (!id.startsWith(join(root, 'electron')) || !code.includes('import.meta')) return null
        const withWorkers = code.replaceAll(workerPattern, (_all, file: string) => {
          const source = join(dirname(id), file)
          const name = `${relative(join(root, 'electron'), source)
            .replaceAll(/[^\w]+/g, '-')
            .replace(/-ts$/, '')}.mjs`
          this.emitFile({ type: 'chunk', id: source, fileName: name })
          return `new URL('./${name}', BUNDLE_META.url)`
        })
        const place = relative(outDir, dirname(id)).replaceAll('\\', '/')
        return withWorkers
          .replaceAll('import.meta.url', `new URL(${JSON.stringify(`${place}/module.ts`)}, BUNDLE_META.url).href`)
          .replaceAll(
            'import.meta.dirname',
            `decodeURIComponent(new URL(${JSON.stringify(place)}, BUNDLE_META.url).pathname)`,
          )
          .replaceAll('BUNDLE_META', 'import.meta')
      },
    },
  }
}

const asked = z.enum(['all', 'page', 'test']).catch('all').parse(process.argv[2])
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (asked === 'page') await buildPage(pinnedTarget)
  else await buildAll(asked === 'test' ? testTarget : pinnedTarget)
}
