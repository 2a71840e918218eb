import { createServer, type Server } from 'node:net'

// Below the range from which Linux takes the source ports of outgoing connections, so that none of those takes ours meanwhile.
const lowest = 15_000
const highest = 32_000

/** Nobody else listens here: a port that is held on it is promised to a lab, in this process or in another one. */
const claims = '127.77.77.77'

/**
 * Finds `count` different ports that are free on every one of the addresses. They stay promised until this process ends: what
 * shall listen on them takes seconds to start, and another lab may look for its own meanwhile.
 */
export async function findFreePorts(addresses: readonly string[], count: number): Promise<readonly number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if ((await claim(port)) && (await isFree(addresses, port))) ports.push(port)
  }
  return ports
}

async function claim(port: number): Promise<boolean> {
  try {
    const claimed = await listen(claims, port)
    claimed.unref()
    return true
  } catch (error) {
    // macOS has no second loopback address, and no lab, which needs several.
    return error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL'
  }
}

async function isFree(addresses: readonly string[], port: number): Promise<boolean> {
  const taken = await Promise.allSettled(addresses.map((address) => listen(address, port)))
  const held = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return held.length === addresses.length
}

function listen(address: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: address, port }, () => resolve(server))
  })
}
