import type { ProposedSource } from '../../../shared/contract/environment-setup.ts'
import { ToldField } from './fields.tsx'

/** Where a server that a cluster may run was found, or that its address is needed. */
export function FoundServer({
  found,
  hasCluster,
}: {
  readonly found: readonly ProposedSource[]
  readonly hasCluster: boolean
}) {
  const pods = found.map(({ namespace, pod, port }) => `pod ${namespace}/${pod}, port ${port ?? 'not known'}`)
  return (
    <ToldField label="Server">
      {pods.length > 0
        ? `${pods.join('; ')}, by port-forward`
        : hasCluster
          ? 'None was found in the cluster. Give an address below if there is one.'
          : 'By its address.'}
    </ToldField>
  )
}
