import type { ControlComponent } from '../../../shared/domain/model/graph.ts'

/**
 * Name on a card, where little fits. Sources that were found in a cluster are called `<kind>.<namespace>.<pod>.<container>`,
 * with `@<cluster>` where there are several; what tells them apart is the pod. The whole name stays in the card's title and in the inspector.
 */
export function controlCardName({ name, kind }: Pick<ControlComponent, 'name' | 'kind'>): string {
  if (kind !== 'opa-instance' && kind !== 'spire-server' && kind !== 'vault') return name
  // Kubernetes: a namespace has no dot, a container has none; a pod's name may.
  const found = /^(?:opa|spire|vault)\.[a-z0-9-]+\.([a-z0-9.-]+)\.[a-z0-9-]+(@.+)?$/.exec(name)
  return found === null ? name : `${found[1]}${found[2] ?? ''}`
}
