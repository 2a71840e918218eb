import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { type Command, exitCodes, UsageError } from './command.ts'

export const envRole: Command = {
  name: 'env role',
  usage: `everyhop env role kubernetes | spire

Prints the least rights that Everyhop needs: of a Kubernetes cluster as a manifest for "kubectl apply -f -", of a SPIRE server as
the rule to append to its authorisation policy. What each is for: docs/rights/.`,
  summary: 'the least rights that Everyhop needs, to be given',
  async run(words, output) {
    const [kind, ...more] = words
    if (more.length > 0) throw new UsageError(`"${more.join(' ')}" is too much`)
    if (kind === 'kubernetes') output.out(shipped('kubernetes.yaml'))
    else if (kind === 'spire') output.out(spireRule())
    else throw new UsageError('say which rights: env role kubernetes, or env role spire')
    return exitCodes.done
  },
}

/** The rule as docs/rights/spire.md explains it: there is one text of it. */
export function spireRule(): string {
  const page = shipped('spire.md')
  const rule = /```rego\n([\s\S]*?)```/.exec(page)?.[1]
  if (rule === undefined) throw new Failure('internal', 'docs/rights/spire.md', 'The page has no rule any more.')
  const indent = /^ */.exec(rule)?.[0].length ?? 0
  const lines = rule.trimEnd().split('\n')
  return `${lines.map((line) => line.slice(indent)).join('\n')}\n`
}

function shipped(file: string): string {
  return readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'rights', file), 'utf8')
}
