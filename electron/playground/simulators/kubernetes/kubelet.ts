import { z } from 'zod'
import type { PodPlan } from '../../parts.ts'
import type { Kubelet } from './api-server.ts'
import { joinLogs } from './container-log.ts'
import type { ContainerLog } from './pod-log.ts'
import { badRequest, quoted, type Refusal } from './status.ts'
import type { ObjectStore } from './store.ts'

/** The kubelets of all machines: which pods there are says the store, what stands behind them their plans. */
export interface Kubelets extends Kubelet {
  /** Takes up the logs of new containers, and ends those of containers that were replaced. */
  refresh(): void
  close(): void
}

type JoinedLog = ReturnType<typeof joinLogs>

const podSpec = z.object({ spec: z.object({ containers: z.array(z.object({ name: z.string() })) }) })
/** Of a container that nothing stands behind. */
const emptyLog: ContainerLog = { lines: () => [], follow: () => () => {} }

export function createKubelets(store: ObjectStore, plans: () => readonly PodPlan[]): Kubelets {
  const logs = new Map<string, { readonly of: PodPlan['containers'][number]['logs']; readonly log: JoinedLog }>()

  function planOf(namespace: string, name: string): PodPlan | undefined {
    return plans().find((plan) => plan.namespace === namespace && plan.name === name)
  }

  function containersOf(namespace: string, name: string): readonly string[] | Refusal {
    const object = store.get('pods', namespace, name)
    if (object === null) return { code: 404, reason: 'NotFound', message: `pods ${quoted(name)} not found` }
    return podSpec.parse(object).spec.containers.map((container) => container.name)
  }

  function joined(key: string, of: PodPlan['containers'][number]['logs']): ContainerLog {
    const known = logs.get(key)
    if (known !== undefined && isSame(known.of, of)) return known.log
    known?.log.close()
    const log = joinLogs(of)
    logs.set(key, { of, log })
    return log
  }

  function failed(namespace: string, pod: string, port: number, why: string): string {
    return `error forwarding port ${port} to pod ${pod}/${namespace}, uid : dial tcp4 127.0.0.1:${port}: connect: ${why}`
  }

  return {
    failed,
    log(namespace, pod, wanted) {
      const containers = containersOf(namespace, pod)
      if ('code' in containers) return containers
      if (wanted === null && containers.length > 1) {
        const names = containers.join(' ')
        return badRequest(`a container name must be specified for pod ${pod}, choose one of: [${names}]`)
      }
      const name = wanted ?? containers[0] ?? ''
      if (!containers.includes(name)) return badRequest(`container ${name} is not valid for pod ${pod}`)
      const container = planOf(namespace, pod)?.containers.find((each) => each.name === name)
      return container === undefined ? emptyLog : joined(`${namespace}/${pod}/${name}`, container.logs)
    },
    target(namespace, pod, wanted) {
      const containers = containersOf(namespace, pod)
      if ('code' in containers) return containers
      const declared = planOf(namespace, pod)?.containers.flatMap(({ ports }) => ports) ?? []
      const port = declared.find((each) => each.port === wanted)?.target() ?? null
      return port === null ? { words: failed(namespace, pod, wanted, 'connection refused') } : { port }
    },
    refresh() {
      for (const [key, { of, log }] of logs) {
        const [namespace = '', pod = '', name = ''] = key.split('/')
        const container = planOf(namespace, pod)?.containers.find((each) => each.name === name)
        if (container !== undefined && isSame(container.logs, of)) continue
        log.close()
        logs.delete(key)
      }
      for (const { namespace, name, containers } of plans()) {
        for (const container of containers) joined(`${namespace}/${name}/${container.name}`, container.logs)
      }
    },
    close() {
      for (const { log } of logs.values()) log.close()
      logs.clear()
    },
  }
}

function isSame<Item>(some: readonly Item[], others: readonly Item[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index])
}
