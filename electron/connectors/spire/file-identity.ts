import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import type { SpireSource } from '../../../shared/domain/model/environment.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { Files } from '../../core/ports.ts'
import { SpireFailure, textOf } from './failure.ts'

export type TcpSource = Extract<SpireSource, { address: string }>
export type SocketSource = Extract<SpireSource, { socket: string }>

/** The SVID that Everyhop presents, as read from files. The key goes to TLS and nowhere else. */
export interface FileIdentity {
  readonly certificate: string
  readonly key: string
  readonly bundle: string
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
}

export function identityPaths(source: TcpSource, baseDirectory: string): readonly [string, string, string] {
  const { certificate, key, bundle } = source.identity
  return [resolve(baseDirectory, certificate), resolve(baseDirectory, key), resolve(baseDirectory, bundle)]
}

export function resolve(baseDirectory: string, path: string): string {
  return isAbsolute(path) ? path : join(baseDirectory, path)
}

/** Throws SpireFailure that names the file and what to do. */
export async function loadIdentity(source: TcpSource, baseDirectory: string, files: Files): Promise<FileIdentity> {
  const [certificatePath, keyPath, bundlePath] = identityPaths(source, baseDirectory)
  const advice = mintAdvice(source)
  const [certificate, key, bundle] = await Promise.all([
    read(files, certificatePath, 'the SVID', advice),
    read(files, keyPath, 'the key of the SVID', advice),
    read(files, bundlePath, 'the trust bundle', 'export it with `spire-server bundle show`'),
  ])
  const leaf = parse(certificate, `the SVID in ${certificatePath} is no PEM certificate; ${advice}`)
  parse(bundle, `the trust bundle in ${bundlePath} is no PEM certificate; export it with \`spire-server bundle show\``)
  if (!belongsTogether(leaf, key)) {
    throw new SpireFailure(
      'invalid',
      `the SVID in ${certificatePath} and the key in ${keyPath} do not belong together; if they are just being replaced this ends by itself, else ${advice}`,
    )
  }
  return { certificate, key, bundle, notBefore: leaf.validFromDate.getTime(), notAfter: leaf.validToDate.getTime() }
}

/** Words that tell how a new SVID is made: the operator's own command where environment.yaml has one. */
export function mintAdvice(source: TcpSource): string {
  return source.identity.mintCommand === undefined
    ? 'mint a new one with `spire-server x509 mint` into these files'
    : `mint a new one: ${source.identity.mintCommand}`
}

/**
 * null while the SVID has time; else words. It is late when a third of its life or ten minutes are left,
 * whichever comes first: enough to mint one by hand.
 */
export function expiryWarning(identity: FileIdentity, source: TcpSource, now: EpochMs): string | null {
  const left = identity.notAfter - now
  const life = identity.notAfter - identity.notBefore
  if (left >= life / 3 && left >= 600_000) return null
  const end = new Date(identity.notAfter).toISOString()
  return `the SVID that Everyhop presents runs out at ${end}; ${mintAdvice(source)}`
}

/** Throws when the SVID is past its end: every server would refuse it, so none is asked. */
export function refuseExpired(identity: FileIdentity, source: TcpSource, now: EpochMs): void {
  if (now < identity.notAfter) return
  const end = new Date(identity.notAfter).toISOString()
  throw new SpireFailure('forbidden', `the SVID that Everyhop presents ran out at ${end}; ${mintAdvice(source)}`)
}

async function read(files: Files, path: string, what: string, advice: string): Promise<string> {
  try {
    return await files.readText(path)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    if (code === 'not-found' || code === 'ENOENT') {
      throw new SpireFailure('not-configured', `${what} is not there: no file ${path}; ${advice}`)
    }
    if (code === 'forbidden' || code === 'EACCES') {
      throw new SpireFailure('forbidden', `${what} may not be read: ${path}; let this user read the file`)
    }
    throw new SpireFailure('invalid', `${what} in ${path} could not be read: ${textOf(thrown)}`)
  }
}

function parse(pem: string, words: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new SpireFailure('invalid', words)
  }
}

function belongsTogether(leaf: X509Certificate, key: string): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey(key))
  } catch {
    // The literal error of a key parser is not passed on: it is about a secret.
    return false
  }
}
