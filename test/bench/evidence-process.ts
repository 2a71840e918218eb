import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { artefacts } from '../../electron/evidence/artefacts/index.ts'
import { createEvidenceHandlers } from '../../electron/evidence/maker.ts'
import { openPackSigner } from '../../electron/evidence/signing/index.ts'
import { auditorReadme, verifyPack, verifyScript, verifyWithKeyFile } from '../../electron/evidence/verify/index.ts'
import { understoodLine } from '../../electron/logs/stores/understood-line.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { evidenceBuildInput } from '../../shared/contract/evidence.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { day, environment, openHeld, standingClock, watchMemory, workedMs } from './evidence-parts.ts'

/** Makes a pack, or verifies it, in a process of its own, and says how long that took and the most memory that it had. */
const [what, folder = ''] = process.argv.slice(2)
const out = join(folder, 'pack.zip')
const never = new AbortController().signal
const memory = watchMemory()

if (what === 'make') {
  const clock = standingClock(day.to + 60_000)
  const { logs, journal, history, seals, log, close } = await openHeld(folder, clock)
  const configured = environmentSchema.parse({
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: environment,
    sources: { logs: [{ id: 'test', record: 'opa-decisions', file: '/dev/null' }] },
  })
  const handlers = createEvidenceHandlers({
    clock,
    log,
    console: 'everyhop bench',
    operator: 'bench',
    artefacts,
    masking: { rules: 'mask-1', fields: 14 },
    folderOf: () => join(folder, 'evidence'),
    sourcesOf: async () => ({
      sources: {
        environment,
        configured,
        history,
        logs,
        seals,
        journal,
        graphAt: async () => null,
        bundle: async () => null,
        understand: understoodLine,
      },
      trustDomains: ['pipeline.example'],
      release: () => {},
    }),
    signerOf: (_, __, signal) =>
      openPackSigner(
        { file: join(folder, 'org.key.pem') },
        {
          files: createFiles(),
          secrets: { read: async () => null },
          variables: {},
          resolve: (path) => path,
          lend: () => Promise.reject(new Error('no Vault')),
        },
        signal,
      ),
    signingOf: async () => null,
    verify: verifyPack,
    verifyWithKeyFile,
    auditor: (packId, fingerprint) => ({ readme: auditorReadme(packId, fingerprint), verifier: verifyScript() }),
  })
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const began = performance.now()
  let sealing = 0
  const input = evidenceBuildInput.parse({ environment, period: day, out })
  for await (const event of handlers.build(input, never)) {
    if (event.type === 'progress' && event.step === 'seal' && sealing === 0) sealing = performance.now() - began
    if (event.type !== 'sealed') continue
    const decisions = event.pack.artefacts.find(({ id }) => id === 'decisions')
    const figures = {
      tookMs: performance.now() - began,
      collectedMs: sealing,
      workedMs: workedMs(),
      ...memory(),
      bytes: event.pack.bytes,
      decisions: decisions?.records,
      exit: event.result.exitCode,
      longestBlockMs: delay.max / 1e6,
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  }
  await close()
} else {
  const key = createPublicKey(createPrivateKey(readFileSync(join(folder, 'org.key.pem'))))
  const began = performance.now()
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  const result = await verifyPack({ file: out, key: pem, previous: null }, never)
  const figures = { tookMs: performance.now() - began, workedMs: workedMs(), ...memory(), exit: result.exitCode }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
