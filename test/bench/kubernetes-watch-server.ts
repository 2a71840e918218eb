import { startKubernetesApi } from '../builders/kubernetes-api.ts'
import { podObject } from '../builders/kubernetes-objects.ts'

/** A generated API server in a process of its own, so that its work does not count: `fork` it with the number of pods. */
const count = Number(process.argv[2])
/** A real pod is four to six kilobytes, most of it managed fields and environment. */
const ballast = Array.from({ length: 40 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'x'.repeat(40) }))

const api = await startKubernetesApi()
const podOf = (index: number, ready = true) => {
  const pod = podObject(`team-${index % 100}`, `workload-${index}`, { ready })
  return { ...pod, spec: { ...(pod['spec'] as object), volumes: ballast } }
}
for (let index = 0; index < count; index += 1) api.set('pods', podOf(index))
process.on('message', (message: { readonly changes: number }) => {
  let changed = 0
  const timer = setInterval(() => {
    for (let index = 0; index < 20 && changed < message.changes; index += 1) {
      changed += 1
      api.set('pods', podOf((changed * 7919) % count, changed % 2 === 0))
    }
    if (changed < message.changes) return
    clearInterval(timer)
    api.set('pods', podObject('last', 'one'))
  }, 10)
})
process.on('disconnect', () => void api.close().then(() => process.exit(0)))
process.send?.({ kubeconfig: api.kubeconfig })
