import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type RoleKind, roleInput, roleKinds } from '../../shared/contract/environment-setup.ts'
import { roleText } from '../core/environment-role.ts'
import { type Command, exitCodes, UsageError } from './command.ts'

export const envRole: Command = {
  name: 'env role',
  usage: `everyhop env role kubernetes [--only <right>,…] [--user <name>]
everyhop env role spire [--trust-domain <name>]
everyhop env role vault [--only <right>,…]

Prints the least rights that Everyhop needs: of a Kubernetes cluster as a manifest for "kubectl apply -f -", of a SPIRE server
as the rule to append to its authorisation policy, of Vault as a policy. --only: of these rights alone, as "env test" names them,
such as "list postgres/roles". What each is for: docs/rights/.`,
  summary: 'the least rights that Everyhop needs, to be given',
  async run(words, output) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { only: { type: 'string' }, user: { type: 'string' }, 'trust-domain': { type: 'string' } },
      allowPositionals: true,
    })
    const [kind, ...more] = positionals
    if (more.length > 0) throw new UsageError(`"${more.join(' ')}" is too much`)
    const isKnown = (word: string | undefined): word is RoleKind => roleKinds.some((one) => one === word)
    if (!isKnown(kind)) throw new UsageError('say which rights: env role kubernetes, env role spire, or env role vault')
    const rights = values.only?.split(',').map((right) => right.trim()) ?? null
    const input = roleInput.safeParse({
      kind,
      rights,
      user: values.user ?? null,
      trustDomain: values['trust-domain'] ?? null,
    })
    if (!input.success) throw new UsageError('an option is empty or too long')
    const folder = join(import.meta.dirname, '..', '..', 'docs', 'rights')
    const { text } = await roleText(input.data, (file) => readFile(join(folder, file), 'utf8'))
    output.out(text)
    return exitCodes.done
  },
}
