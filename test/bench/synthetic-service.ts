import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindGraphModel } from '../../electron/core/graph-model.ts'
import type { Clock, Connector } from '../../electron/core/ports.ts'
import { createSecrets } from '../../electron/core/secrets.ts'
import { createSettings } from '../../electron/core/settings.ts'
import { accessDetails, decisionDetails } from '../../electron/logs/intake/record-details.ts'
import { readPastedLine } from '../../electron/logs/pasted-line.ts'
import { createMemoryStore } from '../../electron/logs/stores/memory-store.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import { createLineFiles } from '../../electron/platform/line-files.ts'
import { createProcessLog } from '../../electron/platform/log.ts'
import { createStateFile } from '../../electron/platform/state-file.ts'
import { type Composed, packageFolder } from '../../electron/service/compose.ts'
import { environmentSetup } from '../../electron/service/environment-setup.ts'
import { environmentFolder } from '../../electron/service/home.ts'
import { createPlaygroundService } from '../../electron/service/playground.ts'
import { createService } from '../../electron/service/service.ts'
import { noHistory } from '../builders/no-history.ts'
import type { BuiltPipeline } from '../builders/pipeline.ts'
import { refusingPolicy } from '../builders/refusing-policy.ts'
import { secretsParts } from '../builders/state-files.ts'

/** The real service over generated facts: everything but the connectors is what a user runs. */
export async function serveSynthetic(
  pipeline: BuiltPipeline,
): Promise<{ readonly service: Composed; stop(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'eh-bench-'))
  await mkdir(join(home, 'environments'), { recursive: true })
  await writeFile(
    join(home, 'environments', 'large.yaml'),
    `apiVersion: everyhop.dev/v1
kind: Environment
name: large
sources: { envoy: [{ id: generated, admin: "http://127.0.0.1:1" }] }
`,
  )
  // The generated certificates are valid around the time they were generated for.
  const offset = pipeline.now - Date.now()
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset }
  const log = createProcessLog(clock)
  const info = { version: '0.0.0', host: 'web', home, notKept: null } as const
  const silent = (kind: 'kubernetes' | 'spire' | 'envoy' | 'opa' | 'vault' | 'logs'): Connector<never> => ({
    kind,
    async *observe(_source, _settings, _ports, signal) {
      if (kind === 'envoy') {
        for (const { scope, facts, gaps } of pipeline.scopes) yield { scope, at: clock.now(), facts, gaps }
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    test: () => Promise.reject(new Error('generated facts cannot be tested')),
  })
  const service = createService({
    lineFiles: createLineFiles(),
    info,
    ports: {
      clock,
      log,
      dial,
      get: createHttpGet(dial),
      files: createFiles(),
      openCluster: () => Promise.reject(new Error('there is no cluster here')),
      httpGetOver: createHttpGet,
    },
    folder: environmentFolder(home),
    secrets: createSecrets(secretsParts(home, { clock })),
    settings: createSettings(createStateFile(join(home, 'settings.json')), log),
    connectors: {
      kubernetes: silent('kubernetes'),
      spire: silent('spire'),
      envoy: silent('envoy'),
      opa: silent('opa'),
      vault: silent('vault'),
      logs: { ...silent('logs'), observeStream: silent('logs').observe },
      history: { ...silent('logs'), history: ({ id }: { readonly id: string }) => noHistory(id) },
    },
    probing: {
      handshake: () => Promise.reject(new Error('nothing is probed here')),
      x509Svids: { fetch: () => Promise.reject(new Error('nothing is probed here')) },
    },
    records: { line: readPastedLine, accessDetails, decisionDetails },
    bindModel: bindGraphModel,
    policy: refusingPolicy,
    playground: (neighbours) =>
      createPlaygroundService({
        clock,
        log,
        start: () => Promise.reject(new Error('there is no playground here')),
        sweep: () => Promise.resolve(),
        ...neighbours,
      }),
    startsPlayground: false,
    setup: environmentSetup(home, packageFolder, []),
    evidence: {
      console: 'everyhop 0.0.0',
      operator: 'nobody',
      folderOf: () => null,
      madeBefore: async () => [],
      understand: () => null,
    },
    openLogStore: async () => createMemoryStore({ maxAgeMs: 60_000, maxBytes: 1024 ** 2 }),
  })
  return {
    service: { ...service, clock, log, info, receive: () => Promise.reject(new Error('nothing is received here')) },
    async stop() {
      await service.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}
