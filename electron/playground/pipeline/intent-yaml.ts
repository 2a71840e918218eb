import { stringify } from 'yaml'
import type { Intent } from '../../../shared/domain/model/intent.ts'
import { hops, spiffeIdOf, stages, zones } from './topology.ts'

/** What should be, by the topology: one stage a workload, every hop allowed, nothing else. */
export function intent(): Intent {
  return {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Intent',
    name: 'demonstration-pipeline',
    zones: zones.map((zone) => ({ ...zone })),
    stages: stages.map((stage) => ({
      id: stage.id,
      title: stage.title,
      zone: stage.zone,
      kind: stage.kind,
      spiffeIds: [spiffeIdOf(stage)],
    })),
    adjacency: hops.map((hop) => ({ ...hop })),
  }
}

/** The text of intent.yaml. `credentials`: which stage a credential of Vault opens. */
export function intentYaml(additions: Pick<Intent, 'credentials'> | null = null): string {
  return stringify({ ...intent(), ...additions })
}
