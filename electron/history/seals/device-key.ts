import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../core/failure.ts'
import type { Clock, Log } from '../../core/ports.ts'

/** The P-256 key of this installation. Its private half never leaves the process and its file. */
export interface DeviceKey {
  /** SPKI in PEM. */
  readonly publicKey: string
  /** SHA-256 of the SPKI (DER), hexadecimal. */
  readonly fingerprint: string
  /** file: kept by the modes of a file alone, so whoever is this user, or root, can sign with it. memory: it ends with this run. */
  readonly assurance: 'file' | 'memory'
  /** ECDSA with SHA-256, DER. */
  sign(bytes: Uint8Array): Buffer
}

export const deviceKeyFile = 'device-key.pem'

/**
 * The key in the data folder, made when there is none. One that cannot be used is put aside, never deleted, and another one made:
 * heads that the former signed still verify by its public half, which the seals keep.
 */
export async function openDeviceKey(
  folder: string,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<DeviceKey> {
  const file = join(folder, deviceKeyFile)
  try {
    const found = await readFile(file, 'utf8').catch((reason: unknown) => {
      if (codeOf(reason) === 'ENOENT') return null
      throw reason
    })
    if (found !== null) {
      const key = privateKeyIn(found)
      if (key !== null) {
        await keepPrivate(file, ports.log)
        return deviceKeyOf(key, 'file')
      }
      const aside = `${file}.damaged-${ports.clock.now()}`
      await rename(file, aside)
      ports.log.error('the device key cannot be used and was put aside: another one is made', { file, aside })
    }
    return deviceKeyOf(await makeKey(folder, file), 'file')
  } catch (reason) {
    const words = reason instanceof Error ? reason.message : String(reason)
    const advice = 'Let this user read and write it, and make room. Until then nothing is sealed.'
    throw new Failure('locked', file, `The device key that seals evidence cannot be used: ${words}`, advice)
  }
}

/** For what is kept in memory only. */
export function memoryDeviceKey(): DeviceKey {
  return deviceKeyOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey, 'memory')
}

export function fingerprintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

export function verifiesWith(publicKey: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', bytes, publicKey, signature)
}

function deviceKeyOf(key: KeyObject, assurance: DeviceKey['assurance']): DeviceKey {
  const publicKey = createPublicKey(key)
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: fingerprintOf(publicKey),
    assurance,
    sign: (bytes) => sign('sha256', bytes, key),
  }
}

function privateKeyIn(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : null
  } catch {
    return null // its words might quote what is in the file
  }
}

/** Under its name only when it is whole on the disk. */
async function makeKey(folder: string, file: string): Promise<KeyObject> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const fresh = `${file}.new`
  await rm(fresh, { force: true }) // of a process that ended in the middle
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await handle.sync()
  } finally {
    await handle.close()
  }
  // Unlike a rename it never replaces a key that somebody made meanwhile.
  await link(fresh, file)
  await rm(fresh, { force: true })
  return privateKey
}

async function keepPrivate(file: string, log: Log): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return
  log.warn('the device key could be read by others: that was taken back', { file, mode: (mode & 0o777).toString(8) })
  await chmod(file, 0o600)
}

function codeOf(reason: unknown): unknown {
  return reason instanceof Error && 'code' in reason ? reason.code : undefined
}
