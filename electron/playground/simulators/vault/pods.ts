import type { PodPlan } from '../../parts.ts'
import { clusterName, podIpAt } from '../../world/addresses.ts'
import { deployedPod, registry } from '../kubernetes/objects/names.ts'
import type { VaultSimulator } from './index.ts'
import { vaultVersion } from './mounts.ts'

export const vaultNamespace = 'vault'

/** As Vault's own chart labels it. Its log is the audit log. */
export function vaultPods(vault: Pick<VaultSimulator, 'port' | 'auditLog'>): readonly PodPlan[] {
  return [
    deployedPod(clusterName, {
      namespace: vaultNamespace,
      workload: 'vault',
      node: 'node-b',
      podIp: podIpAt('node-b', 41),
      labels: { component: 'server', 'app.kubernetes.io/component': 'server', 'app.kubernetes.io/part-of': 'vault' },
      containers: [
        {
          name: 'vault',
          image: `${registry}/hashicorp/vault:${vaultVersion}`,
          arguments: ['server', '-config=/vault/config'],
          ports: [{ name: 'http', port: 8200, target: () => vault.port, served: true as const }],
          logs: [vault.auditLog],
        },
      ],
    }),
  ]
}
