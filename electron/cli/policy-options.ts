import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import type { PolicySubject } from '../../shared/contract/policy.ts'
import type { PolicyDocument } from '../../shared/contract/policy-document.ts'
import { revisionName } from '../../shared/words/policy.ts'
import { Failure } from '../core/failure.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { type Command, type Output, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { jsonText } from './text.ts'

export const common = {
  env: { type: 'string' },
  bundle: { type: 'string' },
  json: { type: 'boolean', default: false },
  data: { type: 'string' },
} as const

export const commonHelp = `  --env <name>      the environment; "everyhop env list" shows them
  --bundle <name>   the bundle; not needed where there is one
  --json            a document; "everyhop schema policy" describes it
  --data <folder>   where drafts, kept bundles and the journal are, unless in the usual place`

export const editedOptions = { draft: { type: 'string' }, folder: { type: 'string' } } as const

export const editedHelp = `  --draft <id>      a draft; "everyhop policy drafts" shows them
  --folder <path>   the files of this folder, laid out as the bundle: they become a draft for as long as this takes`

export interface CommonValues {
  readonly env?: string | undefined
  readonly bundle?: string | undefined
  readonly json: boolean
  readonly data?: string | undefined
}

export interface OnPolicy {
  readonly client: ServiceClient
  readonly clock: Clock
  readonly environment: string
  readonly output: Output
  readonly signal: AbortSignal
}

/**
 * Asks the Everyhop that owns the data folder; without one this process owns it meanwhile, so that drafts and the journal are
 * the same for window and terminal.
 */
export async function onPolicy(
  values: CommonValues,
  output: Output,
  signal: AbortSignal,
  work: (on: OnPolicy) => ReturnType<Command['run']>,
): ReturnType<Command['run']> {
  const environment = values.env
  if (environment === undefined) throw new UsageError('say which environment with --env <name>')
  const { defaultDataFolder } = await import('../service/data-folder.ts')
  const { homeFolder, thisMachine } = await import('../service/home.ts')
  const data = values.data === undefined ? defaultDataFolder(homeFolder(thisMachine())) : resolve(values.data)
  return withService((client, clock) => work({ client, clock, environment, output, signal }), { data })
}

/** The bundle that is meant: the one that was named, else the only one of the environment. */
export async function bundleOf({ client, environment, signal }: OnPolicy, named: string | undefined): Promise<string> {
  const names = (await client.policy.bundles({ environment }, { signal })).map(({ name }) => name)
  if (named !== undefined) {
    if (names.includes(named)) return named
    const known = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`
    throw new Failure('not-found', named, `${environment} has no bundle ${named}. ${known}`)
  }
  const [only, ...others] = names
  if (only === undefined) {
    const advice = 'Name it in policy.bundles of environment.yaml, or wait until an OPA was read.'
    throw new Failure('not-found', environment, `No bundle of ${environment} is known.`, advice)
  }
  if (others.length > 0) throw new UsageError(`say which bundle with --bundle: ${names.join(', ')}`)
  return only
}

/** A revision by its name or the beginning of its SHA-256, `live`, or `draft:<id>`. */
export async function subjectOf(
  { client, environment, signal }: OnPolicy,
  bundle: string,
  word: string,
): Promise<PolicySubject> {
  if (word.startsWith('draft:')) return { draft: word.slice('draft:'.length) }
  if (word !== 'live') {
    // A bundle without a name is shown by the beginning of its SHA-256.
    if (!/^[0-9a-f]{12,64}$/.test(word)) return { revision: word, digest: null }
    const all = await client.policy.revisions({ environment, bundle }, { signal })
    const byDigest = all.some(({ revision }) => revision === word)
      ? undefined
      : all.find(({ digest }) => digest?.startsWith(word) === true)
    return byDigest === undefined
      ? { revision: word, digest: null }
      : { revision: byDigest.revision, digest: byDigest.digest }
  }
  const found = (await client.policy.bundles({ environment }, { signal })).find(({ name }) => name === bundle)
  if (found?.live.known === true) return found.live.value
  throw new Failure('not-found', bundle, `What is live of ${bundle} is not known: its store could not be read.`)
}

/** Runs `work` on the draft that was named, or on one that holds a folder's files and is gone afterwards. */
export async function withDraft<Result>(
  on: OnPolicy,
  bundle: string,
  { draft, folder }: { readonly draft?: string | undefined; readonly folder?: string | undefined },
  work: (draft: string) => Promise<Result>,
): Promise<Result> {
  if ((draft === undefined) === (folder === undefined)) throw new UsageError('say either --draft or --folder')
  if (draft !== undefined) return work(draft)
  const files = await filesIn(resolve(folder ?? ''))
  const { client, environment, signal } = on
  const { id } = await client.policy.startDraft({ environment, bundle, from: await basisOf(on, bundle) }, { signal })
  try {
    const before = (await client.policy.draft({ draft: id }, { signal })).files.map(({ path }) => path)
    for (const path of before) {
      if (!files.has(path)) await client.policy.removeDraftFile({ draft: id, path }, { signal })
    }
    for (const [path, text] of files) {
      const version = before.includes(path)
        ? (await client.policy.readDraft({ draft: id, path }, { signal })).version
        : null
      await client.policy.writeDraft({ draft: id, path, text, version }, { signal })
    }
    return await work(id)
  } finally {
    await client.policy.discardDraft({ draft: id })
  }
}

/** What is live; where that cannot be read, the last revision of which the bytes are there, so that it can be replaced. */
async function basisOf(on: OnPolicy, bundle: string): Promise<PolicySubject> {
  const { client, environment, output, signal } = on
  return subjectOf(on, bundle, 'live').catch(async (reason: unknown) => {
    const all = await client.policy.revisions({ environment, bundle }, { signal })
    const last = all.find(({ held }) => held !== 'seen')
    if (last === undefined) throw reason
    output.err(`What is live of ${bundle} is not known: roots and name are taken from ${revisionName(last)}.\n`)
    return { revision: last.revision, digest: last.digest }
  })
}

const mostFiles = 5_000
const mostFileBytes = 8_000_000

async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((reason: unknown) => {
    const words = reason instanceof Error ? reason.message : String(reason)
    throw new Failure('not-found', folder, `The folder ${folder} cannot be read: ${words}`)
  })
  const files = new Map<string, string>()
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name)
    const path = relative(folder, file).split(sep).join('/')
    // Links are not followed, and what begins with a dot is no policy: .git, .manifest, .regal.
    if (!entry.isFile() || path.split('/').some((part) => part.startsWith('.'))) continue
    if (!/\.(rego|json|ya?ml)$/.test(path)) continue
    if (files.size >= mostFiles || (await stat(file)).size > mostFileBytes) {
      throw new Failure(
        'exhausted',
        file,
        `${folder} has more than ${mostFiles} files, or ${path} is larger than 8 MB.`,
      )
    }
    files.set(path, await readFile(file, 'utf8'))
  }
  if (files.size === 0) throw new Failure('invalid', folder, `${folder} holds no Rego, JSON or YAML file.`)
  return files
}

export function print(output: Output, document: PolicyDocument): void {
  output.out(`${jsonText(document)}\n`)
}

export function head<Kind extends PolicyDocument['kind']>(kind: Kind) {
  return { apiVersion: 'everyhop.dev/v1' as const, kind }
}

export function noMore(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
}
