import type { Sidecar, SidecarOptions } from '../parts.ts'
import { stageOf } from '../pipeline/topology.ts'
import { createLineLog } from '../world/line-log.ts'
import type { Admin } from './admin.ts'
import { openAdmin } from './admin.ts'
import type { EnvoyVariant } from './bootstrap.ts'
import { type Egress, openEgress } from './egress.ts'
import { type Ingress, openIngress } from './ingress.ts'
import { createState, declareCounters, type SidecarState } from './state.ts'

/**
 * The sidecar of one stage: what an Envoy with the pipeline's configuration does, on real sockets of the loopback interface, and
 * what it writes and says about it. Rejects when it cannot listen.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar & { stop(): Promise<void> }> {
  const { world, stage, podIp } = options
  const state = createState(options, (maximum) => createLineLog(maximum, () => world.clock.now()))
  let open: Open | null = await openAll(state, { ingress: 0, egress: 0, admin: 0 })
  let ports = portsOf(open)
  const endListening = world.onDelivery((to, delivered) => {
    if (to !== stage.id || open === null) return
    state.identity = delivered
    declareCounters(state)
    open.egress.retire()
  })

  function change(changes: EnvoyVariant): void {
    state.variant = { ...state.variant, ...changes }
    declareCounters(state)
    open?.egress.retire()
    open?.ingress?.retire()
  }

  async function close(): Promise<void> {
    const closing = open
    open = null
    if (closing === null) return
    await Promise.all([closing.admin.close(), closing.egress.close(), closing.ingress?.close()])
  }

  return {
    stage,
    podIp,
    get ports() {
      return { ...ports, ingress: open === null ? null : ports.ingress }
    },
    accessLog: state.accessLog,
    connectionLog: state.connectionLog,
    requireOfCallee(callee, spiffeIds) {
      const { [callee]: _before, ...others } = state.variant.expectsOf ?? {}
      change({ expectsOf: spiffeIds === null ? others : { ...others, [callee]: spiffeIds } })
    },
    acceptCallers(spiffeIds) {
      const { accepts: _before, ...others } = state.variant
      state.variant = others
      change(spiffeIds === null ? {} : { accepts: spiffeIds })
    },
    plaintext(side, isPlain) {
      if (side === 'ingress') change({ plaintextIngress: isPlain })
      else change({ plaintextTo: toggled(state.variant.plaintextTo, side.to, isPlain) })
    },
    failureModeAllow: (isOpen) => change({ failureModeAllow: isOpen }),
    clockSkew(ms) {
      state.clockSkewMs = ms
      change({})
    },
    claimIdentity(to, header) {
      const others = (state.variant.outgoingHeaders ?? []).filter((one) => one.to !== to)
      const claim = header === null ? [] : [{ to, set: { 'x-forwarded-client-cert': header } }]
      change({ outgoingHeaders: [...others, ...claim] })
    },
    trustClaims: (isTrusting) => change({ trustsClientCertHeader: isTrusting }),
    alsoCall: (callee, isOpen) => change({ alsoCalls: toggled(state.variant.alsoCalls, stageOf(callee), isOpen) }),
    alsoAdmit: (caller, isOpen) => change({ alsoAdmits: toggled(state.variant.alsoAdmits, stageOf(caller), isOpen) }),
    authoriseBy(authoriser) {
      state.authoriser = authoriser
      change({})
    },
    async setUp(isUp) {
      if (!isUp) {
        await close()
        return
      }
      if (open !== null) return
      state.counters.reset()
      state.identity = world.attach(stage.id)
      open = await openAll(state, { ...ports, ingress: ports.ingress ?? 0 })
      ports = portsOf(open)
    },
    async stop() {
      endListening()
      await close()
    },
  }
}

interface Open {
  readonly ingress: Ingress | null
  readonly egress: Egress
  readonly admin: Admin
}

/** On these ports, or on free ones where they are 0 or taken. */
async function openAll(
  state: SidecarState,
  ports: { readonly ingress: number; readonly egress: number; readonly admin: number },
): Promise<Open> {
  state.startedAt = state.options.world.clock.now()
  declareCounters(state)
  return {
    ingress: state.setup().ingress === null ? null : await openIngress(state, ports.ingress),
    egress: await openEgress(state, ports.egress),
    admin: await openAdmin(state, ports.admin),
  }
}

function portsOf({ ingress, egress, admin }: Open): Sidecar['ports'] {
  return { ingress: ingress?.port ?? null, egress: egress.port, admin: admin.port }
}

function toggled<Item>(items: readonly Item[] | undefined, item: Item, isThere: boolean): readonly Item[] {
  const others = (items ?? []).filter((one) => one !== item)
  return isThere ? [...others, item] : others
}
