import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type OpenWindow, openWindow } from './open-window.ts'
import { type PlaygroundPage, playgroundPage } from './pages/playground.ts'

/** Everyhop as somebody has it who configured nothing: its window, in which the playground opens by itself. */
export interface PlaygroundWindow {
  readonly service: Composed
  readonly window: OpenWindow
  readonly playground: PlaygroundPage
  /** Puts a real opa where programs are looked for. */
  putOpa(): Promise<void>
  close(): Promise<void>
}

/**
 * @param hasOpa false: no opa is on this machine until `putOpa`.
 * @param keeps true: there is a data folder, and with it a journal.
 */
export async function openPlaygroundWindow(hasOpa = true, keeps = false): Promise<PlaygroundWindow> {
  const before = { ...process.env }
  const home = await mkdtemp(join(tmpdir(), 'eh-first-'))
  const { 'opa-envoy': opa } = await ensureBinaries(['opa-envoy'], { log: console.log })
  const programs = join(home, 'bin')
  await mkdir(programs)
  if (hasOpa) process.env['EVERYHOP_OPA'] = opa.path
  else {
    const others = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !existsSync(join(folder, 'opa')))
    const PATH = [programs, ...others].join(delimiter)
    Object.assign(process.env, { EVERYHOP_OPA: '', EVERYHOP_CACHE: join(home, 'cache'), PATH })
  }
  const data = keeps ? takeDataFolder(join(home, 'data')) : null
  const service = composeService('web', home, data, undefined, { byItself: true })
  const window = await openWindow(service)
  await window.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  return {
    service,
    window,
    playground: playgroundPage(window.page),
    putOpa: () => symlink(opa.path, join(programs, 'opa')),
    async close() {
      await window.close()
      await service.stop()
      data?.release()
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
      await rm(home, { recursive: true, force: true })
    },
  }
}
