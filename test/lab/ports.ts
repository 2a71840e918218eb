import { createServer, type Server } from 'node:net'

// Below the range from which Linux takes the source ports of outgoing connections, so that none of those takes ours meanwhile.
const lowest = 15_000
const highest = 32_000

/** Finds `count` different ports that are free on every one of the addresses; none of those that are `promised` already. */
export async function findFreePorts(
  addresses: readonly string[],
  count: number,
  promised: ReadonlySet<number> = new Set(),
): Promise<readonly number[]> {
  const held: Server[] = []
  const ports: number[] = []
  try {
    while (ports.length < count) {
      const port = lowest + Math.floor(Math.random() * (highest - lowest))
      if (promised.has(port)) continue
      const taken = await Promise.allSettled(addresses.map((address) => listen(address, port)))
      for (const result of taken) if (result.status === 'fulfilled') held.push(result.value)
      if (taken.every((result) => result.status === 'fulfilled')) ports.push(port)
    }
    return ports
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

function listen(address: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: address, port }, () => resolve(server))
  })
}
