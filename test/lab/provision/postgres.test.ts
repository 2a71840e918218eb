import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findPostgres } from './postgres.ts'

let folder = ''
const lines: string[] = []
const log = (line: string): unknown => lines.push(line)

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'postgres-'))
  lines.length = 0
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

/** A folder with the three programs, whose server tells this version. */
async function placePrograms(name: string, version: string, names = ['initdb', 'postgres', 'psql']): Promise<string> {
  const made = path.join(folder, name)
  await mkdir(made, { recursive: true })
  for (const program of names) {
    await writeFile(path.join(made, program), `#!/bin/sh\necho "postgres (PostgreSQL) ${version} (Debian)"\n`)
    await chmod(path.join(made, program), 0o755)
  }
  return made
}

test('takes the newest packaged version before what PATH has', async () => {
  await placePrograms('packaged/9/bin', '9.6.24')
  await placePrograms('packaged/15/bin', '15.18')
  const newest = await placePrograms('packaged/16/bin', '16.2')
  vi.stubEnv('PATH', await placePrograms('path', '17.1'))
  expect(await findPostgres(log, path.join(folder, 'packaged'))).toMatchObject({
    initdb: path.join(newest, 'initdb'),
    postgres: path.join(newest, 'postgres'),
    psql: path.join(newest, 'psql'),
    version: '16.2',
  })
})

test('passes over a folder that has not all three programs, and one with too old a version', async () => {
  const half = await placePrograms('half', '15.1', ['postgres'])
  const old = await placePrograms('old', '11.2')
  const whole = await placePrograms('whole', '14.9')
  vi.stubEnv('PATH', [half, old, whole].join(path.delimiter))
  expect(await findPostgres(log, path.join(folder, 'packaged'))).toMatchObject({ version: '14.9' })
})

test('says what is missing and who may install it, where it does not install it itself', async () => {
  vi.stubEnv('PATH', folder)
  vi.spyOn(process, 'getuid').mockReturnValue(1000)
  await expect(findPostgres(log, path.join(folder, 'packaged'))).rejects.toThrow(
    /^PostgreSQL 13 or newer is missing \(initdb, postgres and psql in one folder .*\); the lab installs it only as root on Debian and Ubuntu/,
  )
  expect(lines).toEqual([])
  vi.restoreAllMocks()
})
