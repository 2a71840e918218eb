import 'reflect-metadata'
import { generateKeyPairSync, webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as x509 from '@peculiar/x509'

/** The cluster's own certificate authority, made for the run. Keys stay in the run folder, for its user only. */
export interface ClusterAuthority {
  /** PEM. */
  readonly certificate: string
  /** A certificate by which the API server or kwok serves on 127.0.0.1. */
  issueServer(name: string): Promise<IssuedFiles>
  /** A client certificate: the API server takes CN as the user and O as groups. */
  issueClient(user: string, groups: readonly string[]): Promise<Issued>
}

export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface IssuedFiles {
  readonly certificateFile: string
  readonly keyFile: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 24 * 60 * 60 * 1000

export async function openAuthority(folder: string): Promise<ClusterAuthority> {
  x509.cryptoProvider.set(webcrypto)
  const notBefore = new Date(Date.now() - 60_000)
  const notAfter = new Date(Date.now() + 30 * dayMs)
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Lab cluster',
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  let serial = 1
  const issue = async (subject: x509.JsonName, extensions: readonly x509.Extension[]): Promise<Issued> => {
    const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    serial += 1
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(4, '0'),
      subject,
      issuer: root.subject,
      notBefore,
      notAfter,
      publicKey: pair.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), ...extensions],
    })
    const exported = await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)
    return { certificate: leaf.toString('pem'), key: x509.PemConverter.encode(exported, 'PRIVATE KEY') }
  }
  await writeFile(caFile(folder), root.toString('pem'))
  return {
    certificate: root.toString('pem'),
    issueServer: async (name) => {
      const names = new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'kubernetes.default.svc' },
        { type: 'dns', value: 'localhost' },
      ])
      const usage = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth])
      return saveIssued(folder, name, await issue([{ CN: [name] }], [names, usage]))
    },
    issueClient: (user, groups) =>
      issue(
        [...groups.map((group) => ({ O: [group] })), { CN: [user] }],
        [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
      ),
  }
}

export function caFile(folder: string): string {
  return path.join(folder, 'ca.pem')
}

export async function saveIssued(folder: string, name: string, issued: Issued): Promise<IssuedFiles> {
  const files = { certificateFile: path.join(folder, `${name}.pem`), keyFile: path.join(folder, `${name}.key`) }
  await writeFile(files.certificateFile, issued.certificate)
  await writeFile(files.keyFile, issued.key, { mode: 0o600 })
  return files
}

/** The pair by which the API server signs tokens of service accounts. */
export async function writeTokenKeys(
  folder: string,
): Promise<{ readonly publicFile: string; readonly keyFile: string }> {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const files = { publicFile: path.join(folder, 'tokens.pub'), keyFile: path.join(folder, 'tokens.key') }
  await writeFile(files.publicFile, pair.publicKey)
  await writeFile(files.keyFile, pair.privateKey, { mode: 0o600 })
  return files
}
