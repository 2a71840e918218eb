import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type OpenWindow, openWindow } from './open-window.ts'
import { type PlaygroundPage, playgroundPage } from './pages/playground.ts'

/** Everyhop as somebody has it who configured nothing: its window, in which the playground opens by itself, with a real OPA. */
export interface PlaygroundWindow {
  readonly service: Composed
  readonly window: OpenWindow
  readonly playground: PlaygroundPage
  close(): Promise<void>
}

export async function openPlaygroundWindow(): Promise<PlaygroundWindow> {
  const before = { ...process.env }
  const home = await mkdtemp(join(tmpdir(), 'eh-first-'))
  const { 'opa-envoy': opa } = await ensureBinaries(['opa-envoy'], { log: console.log })
  process.env['EVERYHOP_OPA'] = opa.path
  const service = composeService('web', home, null, undefined, { byItself: true })
  const window = await openWindow(service)
  await window.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  return {
    service,
    window,
    playground: playgroundPage(window.page),
    async close() {
      await window.close()
      await service.stop()
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
      await rm(home, { recursive: true, force: true })
    },
  }
}
