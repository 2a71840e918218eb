import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { SystemInfo } from '../../shared/contract/system.ts'
import { envoyConnector } from '../connectors/envoy/index.ts'
import { opaConnector } from '../connectors/opa/index.ts'
import { spireConnector } from '../connectors/spire/index.ts'
import { bindGraphModel } from '../core/graph-model.ts'
import type { Clock, Log } from '../core/ports.ts'
import { observeLog, testLog } from '../logs/index.ts'
import { systemClock } from '../platform/clock.ts'
import { dial } from '../platform/dial.ts'
import { createFiles } from '../platform/files.ts'
import { createHttpGet } from '../platform/http-get.ts'
import { createProcessLog } from '../platform/log.ts'
import { environmentFolder, homeFolder, thisMachine } from './home.ts'
import { createService, type Service } from './service.ts'

/** The root of the checkout or the installed package. */
export const packageFolder = join(import.meta.dirname, '..', '..')

export interface Composed extends Service {
  readonly clock: Clock
  readonly log: Log
  readonly info: SystemInfo
}

/** Wires the real parts together, by hand: the only place that knows everyone. */
export function composeService(host: SystemInfo['host'], home = homeFolder(thisMachine())): Composed {
  const clock = systemClock
  const log = createProcessLog(clock)
  const info: SystemInfo = { version: packageVersion(), host, home }
  const service = createService({
    info,
    ports: { clock, log, dial, get: createHttpGet(dial), files: createFiles() },
    folder: environmentFolder(home),
    connectors: {
      spire: spireConnector,
      envoy: envoyConnector,
      opa: opaConnector,
      logs: { kind: 'logs', observe: observeLog, test: testLog },
    },
    bindModel: bindGraphModel,
  })
  return { ...service, clock, log, info }
}

function packageVersion(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
