import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../electron/platform/clock.ts'
import type { World } from '../../electron/playground/parts.ts'
import {
  type SpireSimulator,
  startSpireSimulator,
  writeReaderIdentity,
} from '../../electron/playground/simulators/spire/index.ts'
import { createWorld } from '../../electron/playground/world/world.ts'
import type { SpireSource } from '../../shared/domain/model/environment.ts'

interface Identity {
  readonly certificate: string
  readonly key: string
  readonly bundle: string
}

/** The playground's SPIRE on a world of its own, with the reader's SVID in files. */
export interface SimulatedSpire {
  readonly world: World
  readonly simulator: SpireSimulator
  readonly folder: string
  readonly reader: Identity
  /** An SVID of `/console/<name>` in files. */
  mint(name: string): Promise<Identity>
  sourceOverTcp(identity: Identity, address?: { readonly host: string; readonly port: number }): SpireSource
  stop(): Promise<void>
}

export async function createTestWorld(folder: string, svidSeconds = 120): Promise<World> {
  return createWorld({
    clock: systemClock,
    log: { info: () => {}, warn: console.warn, error: console.error },
    folder,
    svidSeconds,
  })
}

export async function startSimulatedSpire(): Promise<SimulatedSpire> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-spire-'))
  const world = await createTestWorld(folder)
  const simulator = await startSpireSimulator(world)
  const reader = await writeReaderIdentity(world, join(folder, 'reader'))
  return {
    world,
    simulator,
    folder,
    reader,
    async mint(name) {
      const target = await mkdtemp(join(folder, `${name}-`))
      const svid = await world.authority.issue({
        spiffeId: `spiffe://${world.authority.trustDomain}/console/${name}`,
        notAfter: Date.now() + 3_600_000,
      })
      const paths = {
        certificate: join(target, 'svid.pem'),
        key: join(target, 'key.pem'),
        bundle: join(target, 'bundle.pem'),
      }
      await writeFile(paths.certificate, svid.certificates)
      await writeFile(paths.key, svid.key)
      await writeFile(paths.bundle, world.authority.bundle())
      return paths
    },
    sourceOverTcp: ({ certificate, key, bundle }, address = { host: '127.0.0.1', port: simulator.port }) => ({
      id: 'spire',
      address: `${address.host}:${address.port}`,
      trustDomain: world.authority.trustDomain,
      identity: { certificate, key, bundle },
    }),
    async stop() {
      await reader.stop()
      await simulator.stop()
      await world.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
