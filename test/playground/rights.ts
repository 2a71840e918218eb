import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shippedRules } from '../../electron/playground/simulators/kubernetes/access.ts'
import { shippedMethods } from '../../electron/playground/simulators/spire/authorisation.ts'
import type { Environment } from '../../shared/domain/model/environment.ts'
import { shippedPolicy, shippedRules as vaultRules } from '../conformance/vault-under-test.ts'
import { rulesWithout } from '../lab/cluster/rights.ts'
import type { EveryhopOnPlayground } from './everyhop-on-playground.ts'

type Sources = Environment['sources']

/** One right of docs/rights, and the sources of the playground as whoever has all rights but this reads them. */
export interface Right {
  readonly name: string
  readonly of: 'kubernetes' | 'spire' | 'vault'
  readonly without: (on: EveryhopOnPlayground, whole: Sources) => Promise<Partial<Sources>>
}

/** `watch pods`: every verb of every resource of docs/rights/kubernetes.yaml. */
const ofKubernetes: readonly Right[] = shippedRules.flatMap(({ resources, verbs }) =>
  resources.flatMap((resource) =>
    verbs.map(
      (verb): Right => ({
        name: `${verb} ${resource}`,
        of: 'kubernetes',
        async without({ playground }, { kubernetes }) {
          const user = `without-${verb}-${resource.replace('/', '-')}`
          const rules = rulesWithout(shippedRules, [`${verb} ${resource}`])
          const kubeconfig = await playground.controls.simulators.kubernetes.kubeconfigFor(user, rules)
          return { kubernetes: kubernetes.map((source) => ({ ...source, kubeconfig })) }
        },
      }),
    ),
  ),
)

/** `ListAgents`: every method of docs/rights/spire.md. */
const ofSpire: readonly Right[] = shippedMethods.map((method) => {
  const name = method.slice(method.lastIndexOf('/') + 1)
  return {
    name,
    of: 'spire',
    async without({ playground, home }, { spire }) {
      const { world, simulators } = playground.controls
      const spiffeId = `spiffe://${world.authority.trustDomain}/console/without-${name.toLowerCase()}`
      simulators.spire.addReader(
        spiffeId,
        shippedMethods.filter((one) => one !== method),
      )
      const svid = await world.authority.issue({ spiffeId, notAfter: world.clock.now() + 3_600_000 })
      const file = join(home, `without-${name}.pem`)
      await writeFile(file, `${svid.certificates.trimEnd()}\n${svid.key}`, { mode: 0o600 })
      return {
        spire: spire.map((source) =>
          'identity' in source && source.identity !== undefined
            ? { ...source, identity: { ...source.identity, certificate: file, key: file } }
            : source,
        ),
      }
    },
  }
})

/** `sys/mounts`: every path of docs/rights/vault.hcl. */
const ofVault: readonly Right[] = vaultRules.map(({ path, text }) => ({
  name: path,
  of: 'vault',
  async without({ playground, home }, { vault }) {
    const tokenFile = join(home, `without-${path.replaceAll(/[^a-z]/g, '-')}.token`)
    const token = playground.controls.simulators.vault.tokenWith(shippedPolicy.replace(text, ''))
    await writeFile(tokenFile, token, { mode: 0o600 })
    return { vault: vault.map((source) => ({ ...source, signIn: { tokenFile } })) }
  },
}))

/** What is missed where something is read through it anew: those are read last. */
export const rights: readonly Right[] = [...ofSpire, ...ofVault, ...ofKubernetes].toSorted(
  (one, other) => Number(opensWays(one)) - Number(opensWays(other)),
)

/** Whether other sources are found, or reached, by this right: without it everything is read anew, as if it had never been known. */
export function opensWays({ name }: Right): boolean {
  return ['list pods', 'get pods/log', 'get pods/portforward', 'create pods/portforward'].includes(name)
}
