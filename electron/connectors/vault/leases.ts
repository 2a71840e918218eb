import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import type { VaultLeaseFact } from '../../../shared/domain/model/vault-facts.ts'
import { calls } from './calls.ts'
import type { VaultAnswer } from './client.ts'
import { type Asked, measured, parse, VaultFailure } from './problem.ts'
import { leaseFactId, pathOf, translateLease } from './translate.ts'
import { errors, keys, lease as leaseSchema } from './wire.ts'

/** Walking the leases of a mount again. Milliseconds. */
const listEveryMs = 300_000
/** A walk ends here: what is beyond is said to be unknown. */
const mostListed = 5000
const mostListRequests = 500
/** Leases that Vault was asked about and that are remembered. */
const mostKnown = 50_000

/** What walking the leases of one mount was like. */
export interface LeaseWalk {
  readonly leases: number
  readonly requests: number
  readonly tookMs: DurationMs
  /** False: there are more than were walked. */
  readonly complete: boolean
  /** Why it ended on its way; null: it did not. */
  readonly failure: VaultFailure | null
}

/** Leases of which Vault itself was asked: single look-ups within a budget, and listings where the operator allows them. */
export interface LeaseLookups {
  /** Looks up what is most in doubt, as far as the budget goes. */
  lookUp(told: readonly VaultLeaseFact[], mounts: readonly string[], ask: AskLease): Promise<void>
  /** Walks the leases of a mount when its turn has come. One that fails on its way was dear already: it waits for the next turn, too. */
  list(mount: string, ask: AskLease): Promise<void>
  /** The last walk of each mount. */
  readonly walks: ReadonlyMap<string, LeaseWalk>
  facts(now: EpochMs): readonly VaultLeaseFact[]
  /** Leases in doubt that wait for the budget. */
  readonly waiting: number
}

export type AskLease = (call: ReturnType<(typeof calls)['lookUpLease']>) => Promise<VaultAnswer>

type Known =
  | { readonly kind: 'found'; readonly at: EpochMs; readonly fact: VaultLeaseFact }
  | { readonly kind: 'ended'; readonly at: EpochMs; readonly fact: VaultLeaseFact }
  | { readonly kind: 'listed'; readonly at: EpochMs; readonly fact: VaultLeaseFact }

export function createLeaseLookups(vault: string, perMinute: number, now: () => EpochMs): LeaseLookups {
  const known = new Map<string, Known>()
  const listedAt = new Map<string, EpochMs>()
  const walks = new Map<string, LeaseWalk>()
  let allowance = perMinute
  let allowedAt = now()
  let waiting = 0

  function takeAllowance(): boolean {
    const at = now()
    allowance = Math.min(perMinute, allowance + ((at - allowedAt) / 60_000) * perMinute)
    allowedAt = at
    if (allowance < 1) return false
    allowance -= 1
    return true
  }

  /** Smaller is more urgent; null: its state is known. */
  function urgencyOf(leaseId: string, told: VaultLeaseFact | null, at: EpochMs): number | null {
    const before = known.get(leaseId)
    if (told?.state === 'revoked') return null
    const isNews =
      told !== null && told.doubt !== null && told.from.observedAt > (before?.at ?? Number.NEGATIVE_INFINITY)
    if (before === undefined || before.kind === 'listed') return told?.doubt === 'expiry-unknown' ? 1 : 2
    if (isNews) return told.doubt === 'expiry-unknown' ? 1 : 0
    // It should have ended by now: a renewal that the log did not tell, or the end.
    if (before.kind === 'found' && before.fact.expiresAt !== null && before.fact.expiresAt <= at) return 0
    return null
  }

  function remember(leaseId: string, what: Known): void {
    known.delete(leaseId)
    known.set(leaseId, what)
    const [oldest] = known.keys()
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
  }

  return {
    async lookUp(told, mounts, ask) {
      const byId = new Map(told.map((lease) => [lease.leaseId, lease]))
      // The log tells of what was revoked; what has ended and is in no log any more is of no more use.
      for (const [id, { kind }] of known) {
        const lease = byId.get(id)
        if (lease?.state === 'revoked' || (kind === 'ended' && lease === undefined)) known.delete(id)
      }
      const at = now()
      const wanted = [...new Set([...byId.keys(), ...known.keys()])]
        .map((leaseId) => ({ leaseId, urgency: urgencyOf(leaseId, byId.get(leaseId) ?? null, at) }))
        .flatMap(({ leaseId, urgency }) => (urgency === null ? [] : [{ leaseId, urgency }]))
        .toSorted((one, other) => one.urgency - other.urgency)
      waiting = wanted.length
      for (const { leaseId } of wanted) {
        if (!takeAllowance()) return
        const lease = byId.get(leaseId) ?? null
        const before = known.get(leaseId)?.fact ?? null
        const mount = mountOf(leaseId, mounts) ?? lease?.mount ?? before?.mount ?? ''
        remember(leaseId, await lookedUp(leaseId, mount, lease ?? before, ask))
        waiting -= 1
      }
    },

    async list(mount, ask) {
      const began = now()
      if (began - (listedAt.get(mount) ?? Number.NEGATIVE_INFINITY) < listEveryMs) return
      const open = [mount]
      let requests = 0
      let leases = 0
      try {
        for (let prefix = open.shift(); prefix !== undefined; prefix = open.shift()) {
          if (requests >= mostListRequests || leases >= mostListed) break
          const call = calls.listLeases(prefix)
          const { value, at } = await ask(call)
          requests += 1
          for (const key of keysIn(value, call.locator)) {
            if (key.endsWith('/')) open.push(`${prefix}${key}`)
            else {
              leases += 1
              const leaseId = `${prefix}${key}`
              const isKnown = known.get(leaseId)?.kind === 'found'
              if (!isKnown)
                remember(leaseId, { kind: 'listed', at, fact: listedFact({ vault, at }, leaseId, mount, call.locator) })
            }
          }
        }
        ended(open.length === 0, null)
      } catch (error) {
        if (!(error instanceof VaultFailure)) throw error
        // The first question is cheap: whoever gives the right is not kept waiting.
        if (requests === 0) walks.delete(mount)
        else ended(false, error)
        if (requests === 0 || error.stops) throw error
      }

      function ended(complete: boolean, failure: VaultFailure | null): void {
        listedAt.set(mount, now())
        walks.set(mount, { leases, requests, tookMs: now() - began, complete, failure })
      }
    },
    walks,

    facts: (at) =>
      [...known.values()].map(({ kind, fact }) =>
        kind === 'found' && fact.expiresAt !== null && fact.expiresAt <= at
          ? { ...fact, doubt: 'expiry-passed' }
          : fact,
      ),
    get waiting() {
      return waiting
    },
  }

  async function lookedUp(leaseId: string, mount: string, told: VaultLeaseFact | null, ask: AskLease): Promise<Known> {
    const call = calls.lookUpLease(leaseId)
    const { status, value, at } = await ask(call)
    if (status !== 400) {
      const found = parse(leaseSchema, value, call.locator).data
      return { kind: 'found', at, fact: translateLease({ vault, at }, leaseId, mount, told, found) }
    }
    const said = errors.safeParse(value).data?.errors.join('; ') ?? ''
    if (!/invalid lease|lease not found/i.test(said)) {
      throw new VaultFailure('invalid', `${call.locator} answered HTTP 400: ${said}`, { status })
    }
    return { kind: 'ended', at, fact: endedFact({ vault, at }, leaseId, mount, told) }
  }
}

/** Vault forgets a lease when it ends, however it ended: without a line about a revocation it ran out. */
function endedFact(asked: Asked, leaseId: string, mount: string, told: VaultLeaseFact | null): VaultLeaseFact {
  return {
    ...listedFact(asked, leaseId, mount, `PUT sys/leases/lookup lease_id=${leaseId}`),
    path: told?.path ?? pathOf(leaseId),
    state: told?.doubt === 'unnamed-revocation' ? 'revoked' : 'expired',
    doubt: null,
    issuedAt: told?.issuedAt ?? null,
    expiresAt: told?.expiresAt ?? null,
    lastRenewedAt: told?.lastRenewedAt ?? null,
    holder: told?.holder ?? null,
    learntFrom: 'lookup',
  }
}

function listedFact(asked: Asked, leaseId: string, mount: string, locator: string): VaultLeaseFact {
  return {
    kind: 'vault-lease',
    id: leaseFactId(asked.vault, leaseId),
    from: measured(asked, locator),
    vault: asked.vault,
    leaseId,
    mount,
    path: pathOf(leaseId),
    state: 'active',
    doubt: 'expiry-unknown',
    issuedAt: null,
    expiresAt: null,
    lastRenewedAt: null,
    revokedAt: null,
    renewable: null,
    ttlSeconds: null,
    holder: null,
    learntFrom: 'list',
  }
}

/** A folder without entries does not exist. */
function keysIn(value: unknown, locator: string): readonly string[] {
  return value === null || errors.safeParse(value).success ? [] : parse(keys, value, locator).data.keys
}

/** The longest mount that it begins with. */
function mountOf(leaseId: string, mounts: readonly string[]): string | null {
  return (
    mounts.filter((mount) => leaseId.startsWith(mount)).toSorted((one, other) => other.length - one.length)[0] ?? null
  )
}
