import type { Svid, World } from '../../parts.ts'

/** What TLS is given: the server's SVID, and the authorities that clients are verified with. */
interface ServerContext {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/**
 * The SVID of `spire/server`, renewed at half of its life. After another authority has begun to sign it is renewed too, but not
 * before the others had time to hear of that authority.
 */
export interface ServerIdentity {
  current(): ServerContext
  /** null: nothing has changed since it was last asked. */
  takeChange(): ServerContext | null
  stop(): void
}

const lookEveryMs = 500
/** Longer than the reader's files and the workloads take to get a new bundle. */
const graceMs = 2000
/** SPIRE's server lives by the authority and not by the life of workloads. */
const lifeMs = 60 * 60 * 1000

export async function createServerIdentity(world: World): Promise<ServerIdentity> {
  const { authority, clock } = world
  const order = () => ({
    spiffeId: `spiffe://${authority.trustDomain}/spire/server`,
    notBefore: clock.now() - 10_000,
    notAfter: clock.now() + lifeMs,
  })
  const signer = (): string => authority.roots().find(({ status }) => status === 'active')?.id ?? ''
  let signedBy = signer()
  let svid: Svid = await authority.issue(order())
  let isRenewing = false
  /** When it was first seen that another authority signs. */
  let changedAt: number | null = null
  let told: ServerContext | null = null

  async function renew(): Promise<void> {
    isRenewing = true
    try {
      const by = signer()
      svid = await authority.issue(order())
      signedBy = by
    } catch (error) {
      world.log.warn('the SPIRE of the playground has no new SVID', { error: String(error) })
    } finally {
      isRenewing = false
    }
  }

  const looking = setInterval(() => {
    const now = clock.now()
    changedAt = signedBy === signer() ? null : (changedAt ?? now)
    const isOvertaken = changedAt !== null && now - changedAt >= graceMs
    if (!isRenewing && (isOvertaken || now >= (svid.notBefore + svid.notAfter) / 2)) void renew()
  }, lookEveryMs)
  looking.unref()

  const current = (): ServerContext => {
    told = { cert: svid.certificates, key: svid.key, ca: authority.bundle() }
    return told
  }
  return {
    current,
    takeChange() {
      const isSame = told !== null && told.cert === svid.certificates && told.ca === authority.bundle()
      return isSame ? null : current()
    },
    stop: () => clearInterval(looking),
  }
}
