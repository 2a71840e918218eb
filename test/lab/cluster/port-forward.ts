import { createServer, type Server } from 'node:net'
import { type KubeConfig, PortForward } from '@kubernetes/client-node'
import { type ClusterPlan, podPlanOf } from './plan.ts'

/** GET through a port-forward to a pod; rejects with what the API server said when it does not let one. */
export async function forwarded(
  config: KubeConfig,
  cluster: ClusterPlan,
  workload: string,
  port: number,
  url: string,
): Promise<string> {
  const { namespace, name } = podPlanOf(cluster, workload)
  const forward = new PortForward(config)
  let failed: unknown
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    forward.portForward(namespace, name, [port], socket, null, socket).catch((error: unknown) => {
      failed = error
      socket.destroy()
    })
  })
  const local = await listen(server)
  try {
    const answer = await fetch(`http://127.0.0.1:${local}${url}`, { headers: { connection: 'close' } })
    return await answer.text()
  } catch (error) {
    throw failed ?? error
  } finally {
    server.close()
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0)
    })
  })
}
