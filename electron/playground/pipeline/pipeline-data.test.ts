import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { intentSchema } from '../../../shared/domain/model/intent.ts'
import type { Ask } from './application.ts'
import { parsePipelineConfig } from './config.ts'
import { endpoints, matchEndpoint, pathOf } from './endpoints.ts'
import { integrityEventJsonSchema } from './integrity-event.ts'
import { intentYaml } from './intent-yaml.ts'
import { createPipelineKeys } from './keys.ts'
import { policyData } from './policy-data.ts'
import { hops, spiffeIdOf, stageOf, stages } from './topology.ts'
import { userRequests } from './user-requests.ts'

describe('the endpoints', () => {
  it('are one for each hop, and one for the outside', () => {
    expect(
      endpoints
        .filter((one) => one.from !== null)
        .map(({ from, to }) => ({ from, to }))
        .toSorted(byEnds),
    ).toEqual(hops.map(({ from, to }) => ({ from, to })).toSorted(byEnds))
    expect(endpoints.filter((one) => one.from === null).map((one) => one.to)).toEqual(['application'])
  })

  it('are told apart by their path alone, so the caller that is expected follows from it', () => {
    for (const one of endpoints) expect(matchEndpoint(one.to, one.method, pathOf(one, 'r-1'))).toBe(one)
    expect(matchEndpoint('gateway', 'GET', '/v1/chat')).toBeNull()
    expect(matchEndpoint('gateway', 'POST', '/v1/chat/')).toBeNull()
    expect(matchEndpoint('gateway', 'POST', '/v1/deliveries')).toBeNull()
  })
})

describe('intent.yaml of the topology', () => {
  it('is a valid intent with every stage, its SPIFFE ID and every hop', () => {
    const intent = intentSchema.parse(parse(intentYaml()))
    expect(intent.adjacency).toEqual(hops)
    expect(intent.stages.map((stage) => stage.spiffeIds)).toEqual(stages.map((stage) => [spiffeIdOf(stage)]))
    const zones = intent.zones.map((zone) => zone.id)
    expect(intent.stages.filter((stage) => !zones.includes(stage.zone))).toEqual([])
  })
})

describe('the data of the policy', () => {
  it('knows every callee, and leaves a denied hop out without forgetting the callee', () => {
    const callee = spiffeIdOf(stageOf('tool-runtime'))
    const caller = spiffeIdOf(stageOf('model-server'))
    expect(Object.keys(policyData().pipeline.adjacency[callee] ?? {})).toEqual([caller])
    expect(policyData({ deny: [{ from: 'model-server', to: 'tool-runtime' }] }).pipeline.adjacency[callee]).toEqual({})
    expect(Object.keys(policyData().pipeline.clearance)).toEqual(stages.slice(1).map(spiffeIdOf))
  })
})

describe('the requests of the users', () => {
  it('are the same for the same seed and others for another', () => {
    expect(firstOf(1, 50)).toEqual(firstOf(1, 50))
    expect(firstOf(1, 50)).not.toEqual(firstOf(2, 50))
  })

  it('use retrieval and tool in about half of all', () => {
    const prompts = firstOf(3, 1_000).map((ask) => ask.prompt)
    for (const pattern of [/handbook|notes/, /add \d/i]) {
      const share = prompts.filter((prompt) => pattern.test(prompt)).length / prompts.length
      expect(share).toBeGreaterThan(0.4)
      expect(share).toBeLessThan(0.6)
    }
  })
})

describe('the configuration of the process', () => {
  const entry = (id: string, port: number): object => ({
    id,
    address: stageOf(id).address,
    port,
    egress: { address: stageOf(id).address, port: port + 1 },
  })
  const all = stages.map((stage, index) => entry(stage.id, 20_000 + index * 2))
  const problem = (config: object): string => {
    try {
      parsePipelineConfig(JSON.stringify(config))
      return 'none'
    } catch (error) {
      return error instanceof Error ? error.message : 'not an error'
    }
  }

  it('is taken with all stages, or with some and the keys of the run', async () => {
    expect(problem({ integrityLog: 'events.ndjson', stages: all })).toBe('none')
    const keys = await createPipelineKeys()
    expect(problem({ integrityLog: 'events.ndjson', stages: all.slice(0, 2), keys })).toBe('none')
  })

  it('names the field that is wrong', () => {
    expect(problem({ integrityLog: 'x', stages: all.slice(0, 2) })).toContain('keys: a process that does not run all')
    expect(problem({ integrityLog: 'x', stages: [...all, all[0]] })).toContain('stages: a stage is listed twice')
    expect(problem({ integrityLog: 'x', stages: [{ ...entry('gateway', 1), id: 'gate' }] })).toContain('stages.0.id')
    expect(problem({ integrityLog: 'x', stages: [{ ...entry('gateway', 1), address: '0.0.0.0' }] })).toContain(
      'loopback',
    )
  })

  it('never shows a key, whatever is wrong with it', async () => {
    const keys = await createPipelineKeys()
    const secret = keys.users.privateKey.d
    const broken = { integrityLog: 'x', stages: [], keys: { ...keys, users: { ...keys.users, privateKey: secret } } }
    expect(problem(broken)).not.toContain(secret)
    const cut = JSON.stringify({ keys }).slice(0, -1)
    expect(() => parsePipelineConfig(cut)).toThrow("the pipeline's configuration is not JSON")
  })
})

describe('the format of integrity events', () => {
  it('is shipped as the JSON Schema that the code uses', () => {
    const shipped = readFileSync(new URL('../../../docs/formats/integrity-event.schema.json', import.meta.url), 'utf8')
    expect(JSON.parse(shipped)).toEqual(integrityEventJsonSchema())
  })
})

function byEnds(one: { from: string | null; to: string }, other: { from: string | null; to: string }): number {
  return `${one.from} ${one.to}`.localeCompare(`${other.from} ${other.to}`)
}

function firstOf(seed: number, count: number): readonly Ask[] {
  const sequence = userRequests(seed)
  return Array.from({ length: count }, () => sequence.next().value)
}
