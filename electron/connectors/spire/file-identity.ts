import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import type { Files } from '../../core/ports.ts'
import { SpireFailure, textOf } from './failure.ts'
import { type OwnIdentity, renewalAdvice } from './own-identity.ts'
import type { FileSource } from './source-kinds.ts'

export function identityPaths(source: FileSource, baseDirectory: string): readonly [string, string, string] {
  const { certificate, key, bundle } = source.identity
  return [resolve(baseDirectory, certificate), resolve(baseDirectory, key), resolve(baseDirectory, bundle)]
}

export function resolve(baseDirectory: string, path: string): string {
  return isAbsolute(path) ? path : join(baseDirectory, path)
}

/** Throws SpireFailure that names the file and what to do. */
export async function loadFileIdentity(source: FileSource, baseDirectory: string, files: Files): Promise<OwnIdentity> {
  const [certificatePath, keyPath, bundlePath] = identityPaths(source, baseDirectory)
  const advice = renewalAdvice(source)
  // One after another: of several that are missing it is always the same that is told.
  const certificate = await read(files, certificatePath, 'the SVID', advice)
  const key = await read(files, keyPath, 'the key of the SVID', advice)
  const bundle = await read(files, bundlePath, 'the trust bundle', 'export it with `spire-server bundle show`')
  const leaf = parse(certificate, `the SVID in ${certificatePath} is no PEM certificate; ${advice}`)
  parse(bundle, `the trust bundle in ${bundlePath} is no PEM certificate; export it with \`spire-server bundle show\``)
  if (!belongsTogether(leaf, key)) {
    throw new SpireFailure(
      'invalid',
      `the SVID in ${certificatePath} and the key in ${keyPath} do not belong together; if they are just being replaced this ends by itself, else ${advice}`,
    )
  }
  return {
    spiffeId: null,
    certificate,
    key,
    bundle,
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  }
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
