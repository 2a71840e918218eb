import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ensureBinaries } from '../../../test/lab/provision/binaries.ts'
import { endpointOf, pathOf } from './endpoints.ts'
import { policyData, policyFolder } from './policy-data.ts'
import { hops, spiffeIdOf, stageOf, stages } from './topology.ts'
import { userRequests } from './user-requests.ts'

const run = promisify(execFile)
const resultSchema = z.object({
  allowed: z.boolean(),
  http_status: z.number(),
  dynamic_metadata: z.object({ reasons: z.array(z.string()), policy: z.string() }),
})
const evaluationSchema = z.object({
  result: z.tuple([z.object({ expressions: z.tuple([z.object({ value: z.array(resultSchema) })]) })]),
})

let opa: string
let folder: string

/** Building OPA, where no machine before this one has, takes minutes. */
beforeAll(async () => {
  opa = (await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) }))['opa-envoy'].path
  folder = await mkdtemp(join(tmpdir(), 'everyhop-policy-'))
}, 900_000)
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true })
})

/** Decides many requests with the real policy and the given data, in one run of OPA. */
async function decide(data: object, inputs: readonly object[]): Promise<readonly z.infer<typeof resultSchema>[]> {
  await writeFile(join(folder, 'data.json'), JSON.stringify(data))
  await writeFile(join(folder, 'input.json'), JSON.stringify({ inputs }))
  const query = '[r | some one in input.inputs; r := data.pipeline.authz.result with input as one]'
  const files = ['--data', policyFolder, '--data', join(folder, 'data.json'), '--input', join(folder, 'input.json')]
  const { stdout } = await run(opa, ['eval', '--format', 'json', ...files, query], { maxBuffer: 32 * 1024 * 1024 })
  return evaluationSchema.parse(JSON.parse(stdout)).result[0].expressions[0].value
}

interface Hop {
  readonly from: string
  readonly to: string
}

function request(ends: Hop, path: string, classification: string, rights: readonly string[]): object {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${part({ alg: 'ES256' })}.${part({ sub: 'ann', rights })}.${part({})}`
  const headers = { 'x-data-classification': classification, 'x-user-token': token }
  return {
    attributes: {
      source: { principal: spiffeIdOf(stageOf(ends.from)) },
      destination: { principal: spiffeIdOf(stageOf(ends.to)) },
      request: { http: { method: 'POST', path, headers } },
    },
  }
}

const usual = (hop: Hop, classification = 'internal', rights: readonly string[] = ['ask']): object =>
  request(hop, pathOf(endpointOf(hop.from, hop.to), 'r-1'), classification, rights)

describe('the policy', () => {
  it('passes its own Rego tests', async () => {
    const { stdout } = await run(opa, ['test', policyFolder])
    expect(stdout).toMatch(/^PASS: (\d+)\/\1$/m)
  })

  it('is formatted and has nothing that a strict check minds', async () => {
    expect((await run(opa, ['fmt', '--list', policyFolder])).stdout).toBe('')
    await run(opa, ['check', '--strict', policyFolder])
  })

  it('allows every hop of the topology, and no other pair of stages', async () => {
    const pairs = stages.flatMap((from) => stages.map((to) => ({ from: from.id, to: to.id })))
    // Every pair asks for a path that the callee really has, so that only the pair itself can be the reason.
    const inputs = pairs.map((pair) => {
      const entrance =
        hops.find((hop) => hop.to === pair.to && hop.from === pair.from) ?? hops.find((hop) => hop.to === pair.to)
      const path = entrance === undefined ? '/v1/asks' : pathOf(endpointOf(entrance.from, entrance.to), 'r-1')
      return request(pair, path, 'internal', ['ask'])
    })
    const decisions = await decide(policyData(), inputs)
    const allowed = pairs.filter((_pair, index) => decisions[index]?.allowed)
    expect(allowed.map((pair) => `${pair.from} ${pair.to}`).toSorted()).toEqual(
      hops.map((hop) => `${hop.from} ${hop.to}`).toSorted(),
    )
  })

  it('refuses exactly the hop that a revision denies', async () => {
    const deny = [{ from: 'model-server', to: 'tool-runtime' }]
    const decisions = await decide(
      policyData({ deny }),
      hops.map((hop) => usual(hop)),
    )
    const refused = hops.filter((_hop, index) => decisions[index]?.allowed === false)
    expect(refused).toEqual(deny)
  })

  it('refuses about six of a hundred of the usual requests, all at the orchestrator', async () => {
    const sequence = userRequests(7)
    const asks = Array.from({ length: 1_000 }, () => sequence.next().value)
    // The application's own token has no place in x-user-token, but no hop before the orchestrator looks at rights.
    const refusedAt = async (hop: Hop): Promise<number> => {
      const inputs = asks.map((ask) => usual(hop, ask.classification, ask.rights))
      return (await decide(policyData(), inputs)).filter((decision) => !decision.allowed).length
    }
    const before = hops.slice(0, 3)
    for (const hop of before) expect(await refusedAt(hop)).toBe(0)
    const refused = await refusedAt({ from: 'input-sanitiser', to: 'orchestrator' })
    expect(refused).toBeGreaterThan(40)
    expect(refused).toBeLessThan(85)
  })
})
