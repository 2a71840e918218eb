import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { deadPorts } from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { createClusterLink, portsThrough } from './cluster-link.ts'
import { type Cluster, HttpFailure } from './ports.ts'

const settings = { baseDirectory: '.', windowSeconds: 60 }
const target = { namespace: 'ai', pod: 'gateway', port: 15_000 }
const signal = new AbortController().signal

function start(fails: () => boolean = () => false) {
  const clock = createManualClock()
  const openings: AbortController[] = []
  const closed: number[] = []
  const link = createClusterLink({ id: 'c' }, settings, deadPorts(clock), async () => {
    const outdated = new AbortController()
    openings.push(outdated)
    const number = openings.length
    if (fails()) throw Object.assign(new Error('there is no context x'), { reason: 'not-configured' })
    const cluster: Cluster = {
      serviceAccountToken: async () => 'token',
      dial: async () => new PassThrough(),
      async *followPodLog(_request, until) {
        yield Buffer.from('one\n')
        until.throwIfAborted()
        await new Promise((_resolve, reject) => {
          until.addEventListener('abort', () => reject(until.reason), { once: true })
        })
      },
      outdated: outdated.signal,
      close: () => void closed.push(number),
    }
    return cluster
  })
  return { clock, link, openings, closed }
}

test('a cluster is opened once for all that ask at the same time, and closed with its link', async () => {
  const { link, openings, closed } = start()
  await Promise.all([link.dial(target, signal), link.dial(target, signal)])
  expect(openings).toHaveLength(1)
  link.close()
  await expect(link.dial(target, signal)).rejects.toThrow('no longer read')
  expect(closed).toEqual([1])
})

test('an outdated cluster is closed and opened anew; what was followed ends, so that it can be followed again', async () => {
  const { link, openings, closed } = start()
  const request = {
    namespace: 'ai',
    pod: 'gateway',
    container: 'envoy',
    sinceTime: null,
    tailLines: 10,
    told() {},
  }
  const log = link.followPodLog(request, signal)[Symbol.asyncIterator]()
  await log.next()
  openings[0]?.abort(new Error('the kubeconfig changed'))
  await expect(log.next()).rejects.toThrow('the kubeconfig changed')
  await link.dial(target, signal)
  expect([openings.length, closed]).toEqual([2, [1]])
})

test('a cluster that cannot be opened is left alone for a second, with its words for everyone, and heals', async () => {
  let isBroken = true
  const { clock, link, openings } = start(() => isBroken)
  for (let time = 0; time < 3; time += 1) {
    // Of what is in it nothing is known: it was not asked.
    await expect(link.dial(target, signal)).rejects.toMatchObject({
      reason: 'no-way',
      message: 'there is no context x',
    })
  }
  expect(openings).toHaveLength(1)
  isBroken = false
  await clock.advance(1000)
  await expect(link.dial(target, signal)).resolves.toBeDefined()
  expect(openings).toHaveLength(2)
})

test.each([
  ['before the way was open was never heard there', true],
  ['after that is the silence of the pod', false],
])('a question that ends %s', async (_words, isNeverOpen) => {
  const { link } = start()
  const dial = isNeverOpen ? () => new Promise<never>(() => {}) : link.dial
  const late = new HttpFailure('timed-out', 'GET /v1/config did not answer within 3000 ms')
  const { get } = portsThrough(
    { ...link, dial },
    'ai/opa',
    () => ({ namespace: 'ai', pod: 'opa', port: 8181 }),
    (open) => {
      return async (_url, options) => {
        const opening = open({ kind: 'tcp', host: 'opa.ai', port: 8181 }, options.signal)
        if (!isNeverOpen) await opening
        throw late
      }
    },
  )
  const asked = get(new URL('http://opa.ai:8181/v1/config'), { signal, deadlineMs: 3000, maxBytes: 1000 })
  await expect(asked).rejects.toMatchObject({ kind: 'timed-out', noWay: isNeverOpen })
})
