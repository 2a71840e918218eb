import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type KubernetesApi, startKubernetesApi } from '../../../test/builders/kubernetes-api.ts'
import { markOf } from '../../../test/builders/program-mark.ts'
import { type ClusterAccess, openAccess } from './access.ts'
import { readKubeconfig } from './kubeconfig.ts'

// Loading the Kubernetes client takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const files = { readText: (path: string) => readFile(path, 'utf8'), watch() {} }
const never = new AbortController().signal
const call = { method: 'GET', path: '/version', deadlineMs: 30_000 } as const

let api: KubernetesApi
let folder: string
let access: ClusterAccess | null = null

beforeAll(async () => {
  api = await startKubernetesApi()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-access-'))
})
afterEach(async () => {
  access?.close()
  await rm(folder, { recursive: true, force: true })
})
afterAll(() => api.close())

/** A cluster whose credentials come from this script, allowed as it is. It notes each run. */
async function open(script: string): Promise<ClusterAccess> {
  const command = join(folder, 'fetch')
  await writeFile(command, `#!/bin/sh\necho run >> ${folder}/runs\n${script}\n`)
  await chmod(command, 0o700)
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command }
  const kubeconfig = await api.kubeconfigWith({ user: { exec } })
  const source = { id: 'c', kubeconfig, allowExec: markOf(exec, kubeconfig) }
  access = await openAccess(await readKubeconfig(source, { baseDirectory: '/' }, { files }, {}))
  return access
}

const prints = (token: string): string =>
  `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${token}"}}'`
const runs = async () => (await readFile(join(folder, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1

async function statusOf(asked: Promise<IncomingMessage>): Promise<number | undefined> {
  const answer = await asked
  answer.destroy()
  return answer.statusCode
}

test('a credential that tells no end and is refused is fetched once more, and the question asked again', async () => {
  const cluster = await open(`[ "$(wc -l < ${folder}/runs)" -eq 1 ] && ${prints('ended')} || ${prints(api.token)}`)
  expect(await statusOf(cluster.open(call, never))).toBe(200)
  expect(await runs()).toBe(2)
  expect(await statusOf(cluster.open(call, never))).toBe(200)
  expect(await runs()).toBe(2)
})

test('a server that refuses whatever the program fetches does not have it run for every question', async () => {
  const cluster = await open(prints('wrong'))
  const asked = Array.from({ length: 6 }, () => statusOf(cluster.open(call, never)))
  expect(await Promise.all(asked)).toEqual([401, 401, 401, 401, 401, 401])
  expect(await statusOf(cluster.open(call, never))).toBe(401)
  expect(await runs()).toBe(2)
})

test('whoever leaves does not wait for a program that never ends, and closing the cluster ends it', async () => {
  const cluster = await open(`echo $$ > ${folder}/pid; exec sleep 600`)
  const left = new AbortController()
  const asked = cluster.open(call, left.signal)
  const stays = cluster.open(call, never)
  const pid = async () => Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'))
  await expect.poll(pid, { timeout: 20_000 }).toBeGreaterThan(0)
  left.abort(new Error('left'))
  await expect(asked).rejects.toThrow('left')
  cluster.close()
  await expect(stays).rejects.toThrow('no longer read')
  expect(await runs()).toBe(1)
})
