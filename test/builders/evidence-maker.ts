import { join } from 'node:path'
import { openJournal } from '../../electron/actions/journal-file.ts'
import type { HistoryState } from '../../electron/core/history-store.ts'
import type { Clock, Log } from '../../electron/core/ports.ts'
import type { Artefact, EvidenceSources } from '../../electron/evidence/artefact.ts'
import type { MakerParts } from '../../electron/evidence/maker-parts.ts'
import { verifyPack, verifyWithKeyFile } from '../../electron/evidence/verify/verify-pack.ts'
import { artefactOf, type newKey, packPeriod, sealedLines, signerOf, takeAll } from './pack-parts.ts'

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} }

/** Real time passes in it, and its hours are those of the period. */
export const afterPeriod: Clock = {
  now: () => packPeriod.to + Math.floor(performance.now()),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'))
      })
    }),
}

/** Decisions in two heads, of which every tenth is denied. */
export function decisionHeads(device: ReturnType<typeof newKey>, count: number) {
  const lineOf = (at: number): string => JSON.stringify({ decision_id: `d${at}`, result: { allowed: at % 10 !== 0 } })
  const lines = Array.from({ length: count }, (_, at) => lineOf(at))
  const middle = Math.ceil(count / 2)
  return sealedLines(device, 'opa-decisions', [lines.slice(0, middle), lines.slice(middle)])
}

/** The decisions of heads, all of them in the pack. */
export function decisionsArtefact({ lines }: ReturnType<typeof decisionHeads>, before?: () => Promise<void>): Artefact {
  return artefactOf('decisions', async (to) => {
    await before?.()
    for (const head of lines) {
      for (let at = 0; at < head.length; at += 1000) {
        await to.sealed(
          'opa-decisions',
          takeAll(head.slice(at, at + 1000), ({ line }) => line?.includes('false') ?? false),
        )
      }
    }
    return {
      population: {
        count: lines.flat().length,
        method: 'test.counted',
        control: null,
        dropped: {},
        expected: 1,
        reporting: 1,
        gaps: [],
      },
    }
  })
}

/** A maker of packs in a folder, in which everything but what a test says is in order. */
export async function makerParts(
  folder: string,
  keys: { readonly organisation: ReturnType<typeof newKey>; readonly device: ReturnType<typeof newKey> },
  more: Partial<MakerParts> & {
    readonly heads?: ReturnType<typeof decisionHeads>['heads']
    readonly assurance?: 'file' | 'memory'
  } = {},
): Promise<MakerParts & { closeJournal(): Promise<void> }> {
  const journal = await openJournal(folder, { clock: afterPeriod, log: quiet, actor: 'ada' })
  const state: HistoryState = {
    began: packPeriod.from,
    from: packPeriod.from,
    to: packPeriod.to,
    gaps: [],
    retention: { maxAgeMs: 30 * 86_400_000, maxBytes: 1e9 },
    bytes: 0,
  }
  const sources = {
    environment: 'prod-eu',
    journal,
    graphAt: async () => null,
    history: { state: () => state, gaps: () => [] },
    logs: { state: async () => ({ records: { 'opa-decisions': 10 } }) },
    seals: {
      seal: async () => null,
      heads: async () => more.heads ?? [],
      leafless: async () => [],
      deviceKey: keys.device.publicPem,
      assurance: more.assurance ?? 'file',
    },
  } as unknown as EvidenceSources
  return {
    clock: afterPeriod,
    log: quiet,
    console: 'everyhop 0.1.0',
    operator: 'ada',
    artefacts: [],
    masking: { rules: 'mask-1', fields: 5 },
    folderOf: () => join(folder, 'evidence'),
    sourcesOf: async () => ({ sources, trustDomains: ['prod.example'], release: () => {} }),
    signerOf: async () => signerOf(keys.organisation),
    signingOf: async () => ({ kind: 'file', name: 'org.pem' }),
    verify: verifyPack,
    verifyWithKeyFile,
    auditor: () => ({ readme: 'Read this.\n', verifier: 'print("verify")\n' }),
    closeJournal: () => journal.close(),
    ...more,
  }
}
