import { createHash } from 'node:crypto'
import { type ExecProgram, permittedText } from '../../shared/domain/model/credential-program.ts'

/** What environment.yaml says in `allowExec` once somebody allowed this program. */
export function markOf(exec: ExecProgram, kubeconfig: string): string {
  return `sha256:${createHash('sha256').update(permittedText(exec, kubeconfig)).digest('hex')}`
}
