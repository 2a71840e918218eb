import { resolve } from 'node:path'
import type { PackKey } from '../../shared/contract/evidence.ts'
import { type ArtefactId, artefactIds, type Period } from '../../shared/domain/evidence/model.ts'
import { UsageError } from './command.ts'
import { momentHelp, parseDuration, parseMoment } from './moment.ts'

/** Options of every command about packs that are to be made. */
export const periodOptions = {
  env: { type: 'string' },
  last: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  artefacts: { type: 'string' },
  data: { type: 'string' },
  json: { type: 'boolean' },
} as const

export const periodHelp = `  --env <name>          the environment
  --last <length>       the time until now, such as 24h or 7d; or
  --from <t> --to <t>   from and up to, the end not included; without --to until now
  --artefacts <list>    some of ${artefactIds.slice(0, 5).join(', ')},
                        ${artefactIds.slice(5).join(', ')} (default: all)
  --data <folder>       where Everyhop keeps what it remembers (default: data in the folder of environments and settings)
  --json                the answer as JSON

${momentHelp}`

export function environmentOf(name: string | undefined): string {
  if (name === undefined) throw new UsageError('say which environment with --env <name>')
  return name
}

export function periodOf(
  {
    last,
    from,
    to,
  }: { readonly last?: string | undefined; readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): Period {
  if (last !== undefined && (from !== undefined || to !== undefined))
    throw new UsageError('say either --last, or --from and --to')
  if (last !== undefined) return { from: now - parseDuration(last, '--last'), to: now }
  if (from === undefined) throw new UsageError('say which time with --last 24h, or with --from and --to')
  const period = { from: parseMoment(from, now, '--from'), to: to === undefined ? now : parseMoment(to, now, '--to') }
  if (period.from >= period.to) throw new UsageError('--to is not after --from')
  return period
}

/** In the order of a pack. Throws `UsageError`. */
export function artefactsOf(list: string | undefined): ArtefactId[] {
  if (list === undefined) return [...artefactIds]
  const named = list.split(',').map((word) => word.trim())
  const unknown = named.filter((word) => !artefactIds.some((id) => id === word))
  if (unknown.length > 0)
    throw new UsageError(`there is no artefact ${unknown.join(', ')}; there are ${artefactIds.join(', ')}`)
  return artefactIds.filter((id) => named.includes(id))
}

export const keyOptions = {
  key: { type: 'string' },
  transit: { type: 'string' },
  'sign-command': { type: 'string', multiple: true },
  'public-key': { type: 'string' },
} as const

export const keyHelp = `  --key <file>          signs with a private key in PEM (P-256)
  --transit <v>/<m>/<k> signs with the key <k> of the transit engine at <m> in the Vault <v> of environment.yaml
  --sign-command <word> signs with a program: once for the program and once for each of its arguments; it gets a SHA-256 digest on
                        standard input and gives the signature on standard output. With --public-key <file> in PEM
                        (default: what evidence.signing of environment.yaml names)`

interface KeyValues {
  readonly key?: string | undefined
  readonly transit?: string | undefined
  readonly 'sign-command'?: readonly string[] | undefined
  readonly 'public-key'?: string | undefined
}

/** null: none was said. Paths are of this folder: who signs may be another process. Throws `UsageError`. */
export function keyOf(values: KeyValues): PackKey | null {
  const { key, transit, 'sign-command': command, 'public-key': publicKey } = values
  if ([key, transit, command].filter((each) => each !== undefined).length > 1)
    throw new UsageError('say one of --key, --transit and --sign-command')
  if ((command === undefined) !== (publicKey === undefined))
    throw new UsageError('--sign-command and --public-key <file> go together')
  if (key !== undefined) return { kind: 'file', file: resolve(key) }
  if (transit !== undefined) return transitOf(transit)
  if (command === undefined || publicKey === undefined) return null
  return { kind: 'command', command: [...command], publicKeyFile: resolve(publicKey) }
}

/** The path of an engine may have slashes of its own. */
function transitOf(text: string): PackKey {
  const [, vault, transitMount, keyName] = /^([^/]+)\/(.+)\/([^/]+)$/.exec(text) ?? []
  if (vault === undefined || transitMount === undefined || keyName === undefined)
    throw new UsageError('--transit takes <vault>/<mount>/<key>, such as main/transit/evidence')
  return { kind: 'transit', vault, transitMount, keyName }
}
