import { join } from 'node:path'
import { createServer } from 'vite'
import { startService, untilStopped } from '../electron/cli/serve.ts'

/** `npm run dev`: the window from its sources, reloaded as they change, with a service behind it. For developers only. */

const root = join(import.meta.dirname, '..')

/** The dev server signs in as a browser would, so that the service's own checks stay as they are. */
async function signIn(address: string): Promise<string> {
  const entered = await fetch(address, { redirect: 'manual' })
  const cookie = entered.headers.get('set-cookie')?.split(';')[0]
  if (cookie === undefined) throw new Error('the service did not let the dev server in')
  return cookie
}

async function develop(): Promise<void> {
  const stopped = new AbortController()
  process.once('SIGINT', () => stopped.abort())
  process.once('SIGTERM', () => stopped.abort())
  const running = await startService(0)
  const address = running.newAddress()
  const { origin } = new URL(address)
  const cookie = await signIn(address)
  const server = await createServer({
    configFile: join(root, 'renderer', 'vite.config.ts'),
    server: {
      host: '127.0.0.1',
      proxy: {
        '/rpc': {
          target: origin,
          changeOrigin: true,
          configure: (proxy) => {
            proxy.on('proxyReq', (request) => {
              request.setHeader('cookie', cookie)
              request.setHeader('origin', origin)
              request.removeHeader('sec-fetch-site')
            })
          },
        },
      },
    },
  })
  try {
    await server.listen()
    server.printUrls()
    await untilStopped(stopped.signal, () => server.printUrls())
  } finally {
    await server.close()
    await running.close()
  }
}

develop().catch((reason: unknown) => {
  console.error(`everyhop: ${reason instanceof Error ? reason.message : String(reason)}`)
  process.exitCode = 1
})
