import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Fact, FactOf } from '../../shared/domain/model/fact.ts'
import { deferredJournal } from '../actions/deferred-journal.ts'
import { openJournal } from '../actions/journal-file.ts'
import { createTransitSign } from '../actions/vault-transit.ts'
import { createChangeModes } from '../core/change-mode.ts'
import { type ChangesHandlers, createChangesHandlers } from '../core/changes.ts'
import type { EnvironmentRegistry } from '../core/environments.ts'
import { Failure } from '../core/failure.ts'
import type { GraphHandlers } from '../core/graph.ts'
import type { Journal } from '../core/journal.ts'
import type { LogLookUp } from '../core/logs.ts'
import type { PolicyTrials } from '../core/policy-trials.ts'
import type { Clock, Files, Log, Secrets } from '../core/ports.ts'
import type { Sessions } from '../core/sessions.ts'
import { createDrafts } from '../policy/drafts.ts'
import { createEditing } from '../policy/editing.ts'
import { createPolicyHandlers, type PolicyHandlers } from '../policy/handlers.ts'
import { createInputs } from '../policy/inputs.ts'
import { createKeptBundles } from '../policy/kept-bundles.ts'
import { createLanguage } from '../policy/language.ts'
import type { ConfiguredBundle, OpaFacts } from '../policy/parts.ts'
import { createPublishing } from '../policy/publishing.ts'
import { signerOf } from '../policy/signing-key.ts'
import { createSimulating } from '../policy/simulating.ts'
import { directoryStore } from '../policy/stores/directory-store.ts'
import { httpStore } from '../policy/stores/http-store.ts'
import type { BundleStore } from '../policy/stores/store.ts'
import { createSubjects } from '../policy/subjects.ts'
import { createTools } from '../policy/tools.ts'
import { createTrials } from '../policy/trials.ts'
import type { ToolPlaces } from '../tools/find-tool.ts'
import { regalLint } from '../tools/regal-lint.ts'

export interface PolicyPorts {
  readonly clock: Clock
  readonly log: Log
  readonly files: Files
  readonly secrets: Secrets
  readonly toolPlaces: () => Promise<ToolPlaces>
  /** Where drafts, kept bundles and the journal are; null: nothing is kept, and so nothing may be changed. */
  readonly folder: string | null
}

/** What the rest of the service gives to the policy use cases. */
export interface PolicyNeighbours {
  readonly registry: EnvironmentRegistry
  readonly sessions: Sessions
  readonly graph: GraphHandlers
  readonly logs: LogLookUp
}

export interface PolicyService {
  /** Bytes of a bundle that was ever seen live; null: they are not kept. */
  keptBundle(environment: string, bundle: string, revision: string): Promise<Uint8Array | null>
  readonly policy: PolicyHandlers
  readonly changes: ChangesHandlers
  /** For actions of other namespaces: they ask and write down as those of policies do. */
  readonly actions: {
    readonly journal: Journal
    /** False: this Everyhop keeps no journal, and nothing may be changed. */
    readonly isKept: boolean
    demandChangeMode(environment: string): void
  }
  /** For the diagnosis: recorded decisions, and what other policies make of them. */
  readonly asked: PolicyTrials
  /** Path of opa; null: it is not on this machine now. */
  opaProgram(): Promise<string | null>
  close(): Promise<void>
}

/** Attention to what is being watched is asked for again so often. Milliseconds. */
const attendAgainMs = 20_000
/** Known at once, of all environments. */
const mostStores = 1_000

export function composePolicy(
  ports: PolicyPorts,
  { registry, sessions, graph, logs }: PolicyNeighbours,
): PolicyService {
  const { clock, log, files, secrets } = ports
  // What tools work on is of this run only.
  const work = mkdtempSync(join(tmpdir(), 'everyhop-policy-'))
  const folder = ports.folder ?? work
  const actor = userInfo().username
  const journal =
    ports.folder === null ? refusingJournal() : deferredJournal(openJournal(folder, { clock, log, actor }))
  const modes = createChangeModes({ clock, journal, isProduction: (name) => registry.get(name).environment.production })
  const stores = new Map<string, BundleStore>()
  const tools = createTools(ports.toolPlaces, log)
  const parts = {
    clock,
    log,
    drafts: createDrafts(join(folder, 'drafts'), { clock, log }),
    kept: createKeptBundles(join(folder, 'bundles')),
    configured,
    opaFacts,
    opa: () => tools.opa(),
    async loadedModules(environment: string, opa: string, signal: AbortSignal) {
      return (await sessions.use(environment)).observation.modules(`opa/${opa}`, signal)
    },
  }
  const subjects = createSubjects(parts, work)
  const simulating = createSimulating(parts, subjects, work)
  const publishing = createPublishing(
    {
      ...parts,
      journal,
      actor,
      demandChangeMode: (environment) => modes.demand(environment),
      isProduction: (environment) => registry.get(environment).environment.production,
      async signer(environment, bundle) {
        const { environment: read, baseDirectory } = await loaded(environment)
        const settings = read.policy?.bundles.find(({ name }) => name === bundle)
        if (settings === undefined) return null
        return signerOf(settings, {
          files,
          secrets,
          transit: createTransitSign(async (vault, use, signal) =>
            (await sessions.use(environment)).observation.lendVault(vault, use, signal),
          ),
          variables: process.env,
          resolve: (path) => resolve(baseDirectory, path),
        })
      },
      async regal() {
        const path = await tools.regal()
        return path === null ? null : (place, signal) => regalLint(path, place, signal)
      },
      attend,
    },
    subjects,
  )
  const inputs = createInputs(
    {
      decision: (environment, id, signal) => logs.decision(environment, id, signal),
      hop: (environment, id) => graph.hop({ environment, at: null, id }),
      refused: (environment, minutes, limit) => logs.refused({ environment, at: null, minutes, limit }),
    },
    subjects,
    simulating,
  )
  const editing = createEditing(parts)
  const language = createLanguage({
    async regal() {
      const path = await tools.regal()
      if (path !== null) return path
      throw new Failure(
        'not-found',
        'regal',
        'Regal is not there: OPA alone checks, formats and tests.',
        'Install it, or let Everyhop build it with Go.',
      )
    },
    folderOf: async (draft) => (await parts.drafts.folderOf(draft)).folder,
  })
  const policy = createPolicyHandlers({ parts, subjects, editing, simulating, publishing, inputs, language, tools })
  return {
    policy,
    async keptBundle(environment, bundle, revision) {
      const found = (await parts.kept.list(environment, bundle)).find((entry) => entry.revision === revision)
      return found === undefined ? null : parts.kept.read(environment, bundle, found.digest)
    },
    asked: {
      recorded: (environment, decisionId, signal) => inputs.of(environment, { decisionId }, signal),
      bundles: (environment, signal) => policy.bundles({ environment }, signal),
      ...createTrials(parts, subjects),
    },
    actions: { journal, isKept: ports.folder !== null, demandChangeMode: (environment) => modes.demand(environment) },
    changes: createChangesHandlers(modes, journal, () => registry.ready()),
    opaProgram: () =>
      tools.opa().then(
        ({ path }) => path,
        () => null, // not there: what depends on it is unknown
      ),
    async close() {
      language.close()
      await publishing.close()
      await modes.close()
      await tools.close()
      await editing.close()
      await simulating.close()
      await journal.close()
      rmSync(work, { recursive: true, force: true })
    },
  }

  async function loaded(environment: string) {
    await registry.ready()
    return registry.get(environment)
  }

  async function configured(name: string): Promise<readonly ConfiguredBundle[]> {
    const { environment, baseDirectory } = await loaded(name)
    return (environment.policy?.bundles ?? []).map((settings) => ({
      settings,
      store: storeOf(settings, baseDirectory),
      async verificationKey() {
        if (settings.verification === undefined) return null
        const file = resolve(baseDirectory, settings.verification.keyFile)
        try {
          return { pem: await files.readText(file), keyId: settings.verification.keyId ?? null }
        } catch {
          throw new Failure(
            'not-found',
            file,
            `The key that signatures of ${settings.name} are verified with cannot be read: ${file}.`,
            'Correct policy.bundles.verification in environment.yaml.',
          )
        }
      },
    }))
  }

  /** Of the same settings the same store: whether it keeps conditions was found out once. */
  function storeOf(settings: ConfiguredBundle['settings'], baseDirectory: string): ConfiguredBundle['store'] {
    const { store, pointer } = settings
    if (store === undefined) return null
    const key = JSON.stringify([store, pointer, baseDirectory])
    const known = stores.get(key) ?? openStore(store, pointer, baseDirectory)
    if (stores.size > mostStores) stores.clear()
    stores.set(key, known)
    return known
  }

  function openStore(
    store: NonNullable<ConfiguredBundle['settings']['store']>,
    pointer: string,
    baseDirectory: string,
  ): BundleStore {
    if ('directory' in store) return directoryStore(resolve(baseDirectory, store.directory), pointer)
    const { tokenFile, tokenSecret, caFile } = store
    return httpStore({
      base: new URL(store.http),
      pointer,
      method: store.method,
      access: {
        ca: async () => (caFile === undefined ? null : files.readText(resolve(baseDirectory, caFile))),
        async token() {
          if (tokenFile !== undefined) return (await files.readText(resolve(baseDirectory, tokenFile))).trim()
          return tokenSecret === undefined ? null : secrets.read(tokenSecret)
        },
      },
    })
  }

  async function opaFacts(environment: string): Promise<OpaFacts> {
    const { observation } = await sessions.use(environment)
    const known = [...observation.store.states.values()].flatMap(({ facts, current }) =>
      facts.map((fact) => ({ fact, current })),
    )
    const ofKind = <Kind extends Fact['kind']>(kind: Kind) =>
      known.filter((each): each is { fact: FactOf<Kind>; current: boolean } => each.fact.kind === kind)
    return { bundles: ofKind('opa-bundle'), instances: ofKind('opa-instance') }
  }

  async function attend(environment: string, opas: readonly string[]): Promise<() => void> {
    const viewer = `policy ${environment} ${opas.join(' ')}`
    const sources = new Set(opas.map((opa) => `opa/${opa}`))
    const { session, release } = await sessions.hold(environment)
    session.attend(viewer, sources)
    const again = setInterval(() => session.attend(viewer, sources), attendAgainMs)
    return () => {
      clearInterval(again)
      session.attend(viewer, new Set())
      release()
    }
  }
}

function refusingJournal(): Journal {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new Failure(
        'read-only',
        'journal',
        'Nothing can be changed from here: this Everyhop keeps no journal.',
        'Do it from the window, or without --live.',
      ),
    )
  return {
    begin: refuse,
    end: refuse,
    note: refuse,
    list: async () => [],
    lines: async () => [],
    verify: async () => ({ entries: 0, intact: true, problem: null, head: null, unfinished: [] }),
    close: async () => {},
  }
}
