import { stringify } from 'yaml'
import { intent } from '../../../electron/playground/pipeline/intent-yaml.ts'
import { openedStages } from '../../../electron/playground/simulators/vault/credentials.ts'

/** The text of intent.yaml that also says which stage a credential of Vault opens. */
export function intentWithCredentials(): string {
  return stringify({ ...intent(), credentials: openedStages })
}
