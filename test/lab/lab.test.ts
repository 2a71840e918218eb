import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { intentSchema } from '../../shared/domain/model/intent.ts'
import { faults, labTierOf } from '../../shared/faults/index.ts'
import { askLab, openControl } from './control.ts'
import { registrationFile } from './environment-file.ts'
import { injectionsOf } from './inject/index.ts'
import { type Lab, startLab } from './lab.ts'
import { limitLogs } from './log-limits.ts'
import { waitFor } from './processes.ts'

/** A first run builds the servers. */
const startLimitMs = 20 * 60 * 1000

describe('the lab', () => {
  let folder = ''
  let lab: Lab

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'lab-'))
    lab = await startLab({
      runFolder: path.join(folder, 'run'),
      home: path.join(folder, 'home'),
      requestsPerSecond: 10,
    })
  }, startLimitMs)

  afterAll(async () => {
    await lab?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  test('registers itself as an environment that the schema accepts, with an intent that the schema accepts', async () => {
    const registered = await readFile(registrationFile(path.join(folder, 'home')), 'utf8')
    const environment = environmentSchema.parse(parse(registered))
    expect(environment.name).toBe('lab')
    expect(environment.sources.envoy).toHaveLength(9)
    const intent = intentSchema.parse(parse(await readFile(environment.intent ?? '', 'utf8')))
    expect(intent.adjacency).toHaveLength(9)
  })

  test('lets requests through and refuses some', async () => {
    const both = async (): Promise<boolean> => {
      const { byStatus } = lab.status().traffic
      return (byStatus[200] ?? 0) > 0 && (byStatus[403] ?? 0) > 0
    }
    await waitFor('answers 200 and 403', both, { timeoutMs: 60_000, everyMs: 100 })
  }, 70_000)

  test('knows of every workload its certificate, its entry and its OPA, and of every hop both ends', async () => {
    const truth = await lab.truth()
    expect(truth.activeFault).toBeNull()
    for (const stage of truth.stages) {
      expect(stage.certificate?.spiffeId).toBe(stage.spiffeId)
      expect(Date.parse(stage.certificate?.notAfter ?? '')).toBeGreaterThan(Date.now())
      expect(stage.registered).toBe(true)
    }
    for (const hop of truth.hops) {
      expect(hop).toMatchObject({ callerTls: 'mtls', calleeTls: 'mtls', allowedByPolicy: true })
      expect(hop.callerRequires).toEqual([truth.stages.find((stage) => stage.stage === hop.to)?.spiffeId])
      expect(hop.calleeRequires).toContain(truth.stages.find((stage) => stage.stage === hop.from)?.spiffeId)
    }
    expect(truth.opas.map((opa) => opa.bundle?.active_revision)).toEqual(['lab-001', 'lab-001', 'lab-001'])
  })

  test('writes an access log for each side, decisions and integrity events', async () => {
    const decided = await waitFor(
      'a decision that an access log line names is in the decision log',
      async () => {
        const lines = (await readFile(logFile('envoy-gateway.access.ndjson'), 'utf8')).trim().split('\n')
        const records: { direction: string; decision_id: string | null }[] = lines.map((line) => JSON.parse(line))
        expect(new Set(records.map((record) => record.direction))).toEqual(new Set(['inbound', 'outbound']))
        const decisions = await readFile(logFile('opa-shared.decisions.ndjson'), 'utf8')
        return records.find((record) => record.decision_id !== null && decisions.includes(record.decision_id))
      },
      { timeoutMs: 20_000, everyMs: 200 },
    )
    expect(decided.direction).toBe('inbound')
    expect(await readFile(logFile('integrity.ndjson'), 'utf8')).toContain('"stage-signature"')
  }, 30_000)

  test('masks what decisions must not hold', async () => {
    const decisions = await readFile(logFile('opa-shared.decisions.ndjson'), 'utf8')
    expect(decisions).toContain('"erased":["/input/attributes/source/certificate"')
    expect(decisions).not.toContain('BEGIN%20CERTIFICATE')
  })

  test('puts large logs aside and goes on writing', async () => {
    const files = ['envoy-gateway.access.ndjson', 'envoy-gateway.connections.ndjson', 'opa-shared.decisions.ndjson']
    await limitLogs(lab.plan, 0)
    for (const file of files) {
      expect((await stat(logFile(`${file}.1`))).size).toBeGreaterThan(0)
      const written = async (): Promise<boolean> => (await stat(logFile(file))).size > 0
      await waitFor(`${file} is written again`, written, { timeoutMs: 20_000, everyMs: 100 })
    }
    const integrity = async (): Promise<boolean> => (await stat(logFile('integrity.ndjson'))).size > 0
    await waitFor('integrity events are written again', integrity, { timeoutMs: 20_000, everyMs: 100 })
    expect((await readFile(logFile('integrity.ndjson'), 'utf8')).startsWith('{')).toBe(true)
  }, 60_000)

  test('answers over its control socket, and says which faults it has when asked for an unknown one', async () => {
    const control = openControl(lab, async () => undefined)
    try {
      const socket = lab.plan.files.controlSocket
      const answer = await waitFor('the control socket answers', () => askLab(socket, { verb: 'status' }), {
        timeoutMs: 5000,
      })
      expect(answer.value).toMatchObject({ activeFault: null })
      await expect(askLab(socket, { verb: 'fault', id: 'no-such-fault' })).rejects.toThrow('expired-svid')
    } finally {
      control.close()
    }
  })

  test('gives Everyhop an identity that may read from SPIRE and may not change anything', async () => {
    expect(await callSpire(lab, 'entry.v1.Entry/ListEntries')).toBe(grpcStatus.ok)
    expect(await callSpire(lab, 'agent.v1.Agent/ListAgents')).toBe(grpcStatus.ok)
    expect(await callSpire(lab, 'localauthority.v1.LocalAuthority/GetX509AuthorityState')).toBe(grpcStatus.ok)
    for (const method of [
      'entry.v1.Entry/CountEntries',
      'entry.v1.Entry/BatchCreateEntry',
      'entry.v1.Entry/GetAuthorizedEntries',
      'agent.v1.Agent/CreateJoinToken',
      'svid.v1.SVID/MintX509SVID',
      'localauthority.v1.LocalAuthority/PrepareX509Authority',
    ]) {
      expect(await callSpire(lab, method), method).toBe(grpcStatus.permissionDenied)
    }
  })

  test('keeps its secrets to its own user', async () => {
    for (const file of ['reader/key.pem', 'keys/bundle.key', 'pop/node-a.key']) {
      expect((await stat(path.join(folder, 'run', file))).mode & 0o077, file).toBe(0)
    }
  })

  const logFile = (name: string): string => path.join(lab.plan.files.logs, name)
})

const grpcStatus = { ok: '0', permissionDenied: '7' }

/** Calls a method of SPIRE's server API with an empty message and the reader's identity; gives the gRPC status. */
async function callSpire(lab: Lab, method: string): Promise<string> {
  const reader = lab.plan.files.readerFolder
  const [cert, key, ca] = await Promise.all(
    ['svid.pem', 'key.pem', 'bundle.pem'].map((file) => readFile(path.join(reader, file))),
  )
  const session = connect(`https://${lab.plan.spire.address}:${lab.plan.spire.port}`, {
    cert,
    key,
    ca,
    // SPIRE's certificate has a SPIFFE ID and no host name.
    checkServerIdentity: (_host, peer) =>
      peer.subjectaltname === 'URI:spiffe://pipeline.example/spire/server'
        ? undefined
        : new Error('not the SPIRE server'),
  })
  try {
    return await new Promise<string>((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': `/spire.api.server.${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      const take = (headers: Record<string, unknown>): void => {
        if (headers['grpc-status'] !== undefined) resolve(JSON.stringify(headers['grpc-status']).replaceAll('"', ''))
      }
      session.on('error', reject)
      stream.on('error', reject)
      stream.on('response', take)
      stream.on('trailers', take)
      stream.resume()
      // A gRPC frame: not compressed, length zero.
      stream.end(Buffer.alloc(5))
    })
  } finally {
    session.close()
  }
}

describe('a lab that cannot start', () => {
  test('says so and leaves no process behind', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'lab-'))
    const home = path.join(folder, 'a-file')
    await writeFile(home, '')
    const runFolder = path.join(folder, 'run')
    const before = await processesIn(runFolder)
    await expect(startLab({ runFolder, home })).rejects.toThrow(/cannot be registered as .*a-file/)
    expect(before).toEqual([])
    expect(await processesIn(runFolder)).toEqual([])
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  test('refuses a folder whose sockets would have too long a path, before it starts anything', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'lab-'))
    const runFolder = path.join(folder, 'x'.repeat(100))
    await expect(startLab({ runFolder, home: folder })).rejects.toThrow('too long a path for unix sockets')
    await rm(folder, { recursive: true, force: true })
  })
})

/** Ids of processes that were started with a path below `folder` in their arguments. */
async function processesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const started = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (started.includes(folder)) found.push(pid)
  }
  return found
}

describe('the guardian of a lab', () => {
  test('ends every process of a lab whose own process was killed, and takes its registration and its folders away', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'guard-'))
    const registration = path.join(folder, 'lab.yaml')
    const program = path.join(import.meta.dirname, 'guard.test-process.ts')
    const database = path.join(folder, 'database')
    await mkdir(path.join(database, 'base'), { recursive: true })
    const owner = spawn(process.execPath, [program, registration, database], { stdio: ['ignore', 'pipe', 'inherit'] })
    const printed = await new Promise<string>((resolve) => owner.stdout.once('data', (chunk) => resolve(String(chunk))))
    const pids: number[] = JSON.parse(printed)
    expect(pids).toHaveLength(2)
    expect(pids.every(lives)).toBe(true)
    owner.kill('SIGKILL')
    await waitFor('both processes are gone', async () => !pids.some(lives), { timeoutMs: 10_000 })
    for (const left of [registration, database]) await expect(stat(left)).rejects.toThrow('ENOENT')
    await rm(folder, { recursive: true, force: true })
  }, 20_000)

  function lives(pid: number): boolean {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }
})

test.each([1, 2, 3] as const)(
  'the lab of tier %i can make every fault of the catalogue up to its tier, and no other',
  (tier) => {
    expect([...injectionsOf(tier).keys()].sort()).toEqual(
      faults
        .filter((fault) => (labTierOf(fault) ?? 4) <= tier)
        .map((fault) => fault.id)
        .sort(),
    )
  },
)
