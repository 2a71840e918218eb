import { z } from 'zod'
import { audience } from '../../../../electron/playground/simulators/vault/credentials.ts'
import type { Injection, LabControls } from '../../controls.ts'
import { waitFor } from '../../processes.ts'
import { type VaultCaller, VaultRefusal } from '../../vault/api.ts'
import { vaultOf } from './vault-of.ts'

/** A lease beside those that the stages hold, on a login of its own. */
interface ExtraLease {
  /** Names the role of the login and its policy. */
  readonly name: string
  readonly spiffeId: string
  readonly from: string
  readonly path: string
}

interface Taken {
  readonly caller: VaultCaller
  readonly leaseId: string
}

const leaseWire = z.object({ lease_id: z.string().min(1) })

/** Takes the lease; healing takes it back with the login that it hangs on. `of` may look at the lab's plan. */
export function extraLease(of: (lab: LabControls) => ExtraLease): Injection {
  const taken = new WeakMap<LabControls, Taken>()
  return {
    inject: async (lab) => {
      const found = await take(lab, of(lab))
      taken.set(lab, found)
      await waitFor(`Vault has ${found.leaseId}`, () => isKnown(lab, found.leaseId), { timeoutMs: 20_000 })
    },
    heal: async (lab) => {
      const found = taken.get(lab)
      if (found === undefined) return
      await vaultOf(lab).server.api.call('PUT', 'auth/token/revoke-self', found.caller)
      await waitFor(`${found.leaseId} is revoked`, async () => !(await isKnown(lab, found.leaseId)), {
        timeoutMs: 20_000,
        everyMs: 50,
      })
      taken.delete(lab)
    },
  }
}

/** Lets the identity log in for this one path, logs it in and asks. */
async function take(lab: LabControls, { name, spiffeId, from, path }: ExtraLease): Promise<Taken> {
  const { server, holders } = vaultOf(lab)
  await server.asRoot('PUT', `sys/policies/acl/${name}`, { policy: `path "${path}" {\n  capabilities = ["read"]\n}\n` })
  await server.asRoot('POST', `auth/jwt/role/${name}`, {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: [audience],
    bound_subject: spiffeId,
    token_policies: [name],
    // Longer than the lease, which would end with it.
    token_ttl: '24h',
  })
  const caller = await holders.logIn(spiffeId, name, from)
  return { caller, leaseId: leaseWire.parse(await server.api.call('GET', path, caller)).lease_id }
}

async function isKnown(lab: LabControls, leaseId: string): Promise<boolean> {
  try {
    await vaultOf(lab).server.asRoot('PUT', 'sys/leases/lookup', { lease_id: leaseId })
    return true
  } catch (error) {
    if (error instanceof VaultRefusal && error.status === 400) return false
    throw error
  }
}
