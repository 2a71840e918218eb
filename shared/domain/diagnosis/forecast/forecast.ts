import type { Reason } from '../../model/graph.ts'
import { agentsOf } from './agents.ts'
import { authoritiesOf } from './authorities.ts'
import { causeOf, causesOf, failuresOf } from './failures.ts'
import type { Forecast, ForecastAuthority, ForecastIdentity } from './model.ts'
import { tellOfForecast as tell } from './reasons.ts'
import { type Rotating, rotationOf } from './rotation.ts'
import { type ForecastCase, type ForecastView, spiffeIdOf, viewOfForecast } from './view.ts'

/** What breaks next if nothing changes, by what is held of the environment. Pure; asks nobody anything. */
export function forecastOf(of: ForecastCase): Forecast {
  const view = viewOfForecast(of)
  const all = view.workloads.filter(hasOrNeedsSvid).map((workload) => rotationOf(view, workload))
  const agents = agentsOf(view, all)
  const authorities = authoritiesOf(view, all)
  const failures = failuresOf(view, all, agents, authorities)
  return {
    at: of.now,
    identities: all
      .map(
        (each): ForecastIdentity => ({
          workload: each.workload.id,
          name: each.workload.name,
          spiffeId: spiffeIdOf(each.workload),
          svid: each.svid,
          rotation: each.rotation,
          renewsBy: each.renewsBy,
          failsAt: each.failsAt,
          agent: each.parent === null ? null : (agents.get(each.parent) ?? null),
          authority: each.authority,
          cause: causeOf(each, agents),
        }),
      )
      .toSorted(
        (one, other) =>
          order(one) - order(other) || (one.name < other.name ? -1 : 1) || (one.workload < other.workload ? -1 : 1),
      ),
    failures: failures.map(({ workload: _workload, ...failure }) => failure),
    causes: causesOf(all, agents, authorities, failures),
    authorities,
    open: openOf(view, all, authorities),
  }
}

/** What has neither an SVID nor an entry nor an Envoy that wants one has none to renew. */
function hasOrNeedsSvid({ svid, spiffeId, envoys, registration }: Rotating['workload']): boolean {
  return svid.loaded.known || svid.presented.known || registration.known || (spiffeId.known && envoys.length > 0)
}

/** What fails soonest, then what is renewed soonest, then what is not known. */
function order({ failsAt, renewsBy }: ForecastIdentity): number {
  return failsAt ?? renewsBy ?? Number.MAX_SAFE_INTEGER
}

const asked = ['entries', 'agents', 'bundle', 'authorities'] as const

function openOf(
  view: ForecastView,
  all: readonly Rotating[],
  authorities: readonly ForecastAuthority[],
): readonly Reason[] {
  const unread = view.spires.flatMap((spire) =>
    asked
      .filter((part) => spire[part] === null)
      .map((part) => tell('spire-part-unread', { instance: spire.instance, part })),
  )
  const dark = all.filter(({ rotation }) => rotation.state === 'unknown')
  const [firstDark] = dark
  const untold = authorities.flatMap(({ unknown }) => unknown.first)
  const [firstUntold] = untold
  const trusts = Math.max(0, ...authorities.map(({ unknown }) => unknown.total))
  return [
    ...(view.spires.length + view.silentSpires.length === 0 ? [tell('spire-not-connected', {})] : []),
    ...view.silentSpires.map((instance) => tell('spire-tells-nothing', { instance })),
    ...unread,
    ...(firstDark === undefined
      ? []
      : [tell('svids-not-known', { count: dark.length, first: firstDark.workload.name })]),
    ...(firstUntold === undefined ? [] : [tell('trust-not-known', { count: trusts, first: firstUntold.name })]),
  ]
}
