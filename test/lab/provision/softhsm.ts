import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './on-path.ts'
import { runTool } from './run-tool.ts'

const run = promisify(execFile)
/** Where Debian, Fedora and Homebrew put it. */
const modules = [
  '/usr/lib/softhsm',
  '/usr/lib/x86_64-linux-gnu/softhsm',
  '/usr/lib/aarch64-linux-gnu/softhsm',
  '/usr/lib64/pkcs11',
  '/usr/local/lib/softhsm',
  '/opt/homebrew/lib/softhsm',
]

/** A PKCS#11 token in software, and the program that people ask tokens with. */
export interface SoftHsm {
  readonly module: string
  readonly pkcs11Tool: string
  readonly softhsmUtil: string
}

/**
 * SoftHSM and OpenSC are taken from PATH, or installed as packages by root on Debian, which is said first. Rejects, with what to
 * do, where neither can be: signing by a token that is promised to work is not left untested in silence.
 */
export async function ensureSoftHsm(log: (line: string) => void): Promise<SoftHsm> {
  const found = await findSoftHsm()
  if (found !== null) return found
  const debian = /^ID=debian$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  if (!debian || process.getuid?.() !== 0) {
    throw new Error('SoftHSM is not there; it is installed only by root on Debian: apt-get install softhsm2 opensc')
  }
  log('softhsm: installing the Debian packages softhsm2 and opensc with apt-get, once')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const purpose = 'installing SoftHSM'
  await runTool({ purpose, command: 'apt-get', arguments: ['update'], env })
  const list = ['install', '--yes', '--no-install-recommends', 'softhsm2', 'opensc']
  await runTool({ purpose, command: 'apt-get', arguments: list, env })
  const installed = await findSoftHsm()
  if (installed === null) throw new Error('SoftHSM was installed, and is not there')
  return installed
}

async function findSoftHsm(): Promise<SoftHsm | null> {
  const [pkcs11Tool, softhsmUtil, module] = await Promise.all([
    findProgram('pkcs11-tool'),
    findProgram('softhsm2-util'),
    // A library is executable on no system by rights, so it is looked for by its name.
    Promise.any(
      modules.map(async (folder) => {
        const file = join(folder, 'libsofthsm2.so')
        await readFile(file)
        return file
      }),
    ).catch(() => undefined),
  ])
  if (pkcs11Tool === undefined || softhsmUtil === undefined || module === undefined) return null
  return { module, pkcs11Tool, softhsmUtil }
}

/** A token in a folder of its own, with one P-256 key called `evidence` that never leaves it. */
export async function makeToken(hsm: SoftHsm, folder: string, pin: string) {
  const configuration = join(folder, 'softhsm2.conf')
  await writeFile(configuration, `directories.tokendir = ${folder}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const env = { ...process.env, SOFTHSM2_CONF: configuration }
  const pins = ['--so-pin', '12345678', '--pin', pin]
  await run(hsm.softhsmUtil, ['--init-token', '--free', '--label', 'everyhop', ...pins], { env })
  const tool = async (...words: string[]) =>
    run(hsm.pkcs11Tool, ['--module', hsm.module, '--token-label', 'everyhop', '--login', '--pin', pin, ...words], {
      env,
    })
  await tool('--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'evidence', '--id', '01')
  const der = join(folder, 'evidence.pub.der')
  await tool('--read-object', '--type', 'pubkey', '--label', 'evidence', '--output-file', der)
  return { configuration, publicKeyDer: der, tool }
}
