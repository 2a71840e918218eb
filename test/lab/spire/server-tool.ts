import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { agentPlanOf, type LabPlan, type StagePlan } from '../plan.ts'
import { runTool } from '../provision/run-tool.ts'
import { readerSpiffeId, spireFiles } from './config.ts'

/** How the stages get their registration entries: by SPIRE's command line, or by objects in a cluster. */
export interface Registration {
  createEntries(stages: readonly StagePlan[]): Promise<void>
  deleteEntry(stage: StagePlan): Promise<void>
  /** `seconds` null gives the entry the server's default life time again. */
  setSvidLifetime(stage: StagePlan, seconds: number | null): Promise<void>
}

/** The lab's own hand on SPIRE: the server's command line over its local socket. Everyhop never has this. */
export interface SpireTool extends Registration {
  exportTrustBundle(): Promise<void>
  listEntries(): Promise<readonly EntryTruth[]>
  /** Issues the read-only identity into the reader's folder, each file replaced whole. */
  mintReader(): Promise<void>
  readonly mintCommand: string
  /** An X.509-SVID of any identity, with what it is verified by. As PEM; kept nowhere. */
  mintSvid(spiffeId: string): Promise<MintedSvid>
  /** The attested agents, as the command line lists them. */
  listAgents(): Promise<readonly AgentTruth[]>
  /** The X.509 authorities: those that the server has, and the certificates that its bundle has. */
  authorities(): Promise<AuthorityTruth>
  /** The trust bundle as SPIFFE writes it, with the keys of JWT-SVIDs. */
  spiffeBundle(): Promise<string>
  /** A JWT-SVID of any identity: what its workload would get of its agent. */
  mintJwt(spiffeId: string, audience: string): Promise<string>
}

export interface MintedSvid {
  readonly certificate: string
  readonly key: string
  readonly bundle: string
}

export interface AgentTruth {
  readonly spiffeId: string
  readonly banned: boolean
  /** Milliseconds since 1970. */
  readonly svidNotAfter: number
}

export interface AuthorityTruth {
  readonly own: readonly {
    readonly state: 'active' | 'prepared' | 'old'
    readonly authorityId: string
    /** Milliseconds since 1970. */
    readonly expiresAt: number
  }[]
  readonly bundle: readonly { readonly sha256: string; readonly notAfter: number }[]
}

export interface EntryTruth {
  readonly entryId: string
  readonly spiffeId: string
  readonly parentId: string
  /** Null: the server's default. */
  readonly svidLifetimeSeconds: number | null
}

const spiffeIdWire = z.object({ trust_domain: z.string(), path: z.string() })
const entriesWire = z.object({
  entries: z
    .array(
      z.object({
        id: z.string(),
        spiffe_id: spiffeIdWire,
        parent_id: spiffeIdWire,
        x509_svid_ttl: z.number().default(0),
      }),
    )
    .default([]),
})

/** 64-bit numbers are strings in proto-JSON. */
const agentsWire = z.object({
  agents: z
    .array(
      z.object({
        id: spiffeIdWire,
        banned: z.boolean().default(false),
        x509svid_expires_at: z.coerce.number(),
      }),
    )
    .default([]),
})

const authorityWire = z.object({ authority_id: z.string(), expires_at: z.coerce.number() }).optional()
const authoritiesWire = z.object({ active: authorityWire, prepared: authorityWire, old: authorityWire })

const readerLifetime = '6h'

export function entryIdOf(stage: StagePlan): string {
  return `stage-${stage.stage.id}`
}

export function openSpireTool(plan: LabPlan, program: string): SpireTool {
  const call = (purpose: string, ...parts: string[]): Promise<string> =>
    runTool({ purpose: `SPIRE: ${purpose}`, command: program, arguments: parts })
  const socket = ['-socketPath', plan.spire.socket]
  const mintArguments = (folder: string): string[] => [
    'x509',
    'mint',
    ...socket,
    '-spiffeID',
    readerSpiffeId,
    '-ttl',
    readerLifetime,
    '-write',
    folder,
  ]
  return {
    mintCommand: [program, ...mintArguments(plan.files.readerFolder)].join(' '),
    exportTrustBundle: async () => {
      await writeFile(spireFiles(plan).trustBundle, await call('reading the trust bundle', 'bundle', 'show', ...socket))
    },
    authorities: async () => {
      const [states, bundle] = await Promise.all([
        call('reading the authorities', 'localauthority', 'x509', 'show', ...socket, '-output', 'json'),
        call('reading the trust bundle', 'bundle', 'show', ...socket),
      ])
      const found = authoritiesWire.parse(JSON.parse(states))
      const certificates = bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
      return {
        own: (['active', 'prepared', 'old'] as const).flatMap((state) => {
          const one = found[state]
          return one === undefined ? [] : [{ state, authorityId: one.authority_id, expiresAt: one.expires_at * 1000 }]
        }),
        bundle: certificates.map((pem) => {
          const certificate = new X509Certificate(pem)
          const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
          return { sha256, notAfter: Date.parse(certificate.validTo) }
        }),
      }
    },
    spiffeBundle: () => call('reading the trust bundle', 'bundle', 'show', ...socket, '-format', 'spiffe'),
    mintJwt: async (spiffeId, audience) => {
      const list = ['jwt', 'mint', ...socket, '-spiffeID', spiffeId, '-audience', audience, '-ttl', '5m']
      return (await call(`minting a JWT-SVID of ${spiffeId}`, ...list)).trim()
    },
    createEntries: async (stages) => {
      const file = path.join(plan.runFolder, 'spire', `entries-${stages.length}.json`)
      await writeFile(file, JSON.stringify({ entries: stages.map((stage) => entry(plan, stage)) }))
      await call('creating registration entries', 'entry', 'create', ...socket, '-data', file)
    },
    deleteEntry: async (stage) => {
      await call(`deleting the entry of ${stage.stage.id}`, 'entry', 'delete', ...socket, '-entryID', entryIdOf(stage))
    },
    setSvidLifetime: async (stage, seconds) => {
      const wanted = entry(plan, stage)
      await call(
        `changing the SVID life time of ${stage.stage.id}`,
        'entry',
        'update',
        ...socket,
        '-entryID',
        wanted.entry_id,
        '-spiffeID',
        wanted.spiffe_id,
        '-parentID',
        wanted.parent_id,
        '-hint',
        wanted.hint,
        '-selector',
        `unix:path:${stage.program}`,
        '-x509SVIDTTL',
        String(seconds ?? 0),
      )
    },
    listEntries: async () => {
      const text = await call('listing registration entries', 'entry', 'show', ...socket, '-output', 'json')
      return entriesWire.parse(JSON.parse(text)).entries.map((found) => ({
        entryId: found.id,
        spiffeId: `spiffe://${found.spiffe_id.trust_domain}${found.spiffe_id.path}`,
        parentId: `spiffe://${found.parent_id.trust_domain}${found.parent_id.path}`,
        svidLifetimeSeconds: found.x509_svid_ttl === 0 ? null : found.x509_svid_ttl,
      }))
    },
    mintSvid: async (spiffeId) => {
      const folder = await mkdtemp(path.join(plan.runFolder, 'svid-'))
      try {
        const list = ['x509', 'mint', ...socket, '-spiffeID', spiffeId, '-ttl', '30m', '-write', folder]
        await call(`minting an X.509-SVID of ${spiffeId}`, ...list)
        const read = (file: string): Promise<string> => readFile(path.join(folder, file), 'utf8')
        return { certificate: await read('svid.pem'), key: await read('key.pem'), bundle: await read('bundle.pem') }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    listAgents: async () => {
      const text = await call('listing agents', 'agent', 'list', ...socket, '-output', 'json')
      return agentsWire.parse(JSON.parse(text)).agents.map(({ id, banned, x509svid_expires_at: seconds }) => ({
        spiffeId: `spiffe://${id.trust_domain}${id.path}`,
        banned,
        svidNotAfter: seconds * 1000,
      }))
    },
    mintReader: async () => {
      await mkdir(plan.files.readerFolder, { recursive: true, mode: 0o700 })
      const fresh = await mkdtemp(path.join(plan.runFolder, 'mint-'))
      await call('minting the reader identity', ...mintArguments(fresh))
      for (const file of ['key.pem', 'svid.pem', 'bundle.pem']) {
        await rename(path.join(fresh, file), path.join(plan.files.readerFolder, file))
      }
      await rm(fresh, { recursive: true, force: true })
    },
  }
}

function entry(plan: LabPlan, stage: StagePlan) {
  return {
    entry_id: entryIdOf(stage),
    parent_id: agentPlanOf(plan, stage.stage.node).spiffeId,
    spiffe_id: stage.spiffeId,
    selectors: [{ type: 'unix', value: `path:${stage.program}` }],
    hint: stage.stage.id,
  }
}
