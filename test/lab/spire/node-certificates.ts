import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as x509 from '@peculiar/x509'
import type { LabPlan } from '../plan.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 24 * 60 * 60 * 1000

/** Makes the certificates by which the lab's machines prove themselves to SPIRE (x509pop): one CA, one leaf an agent. */
export async function writeNodeCertificates(plan: LabPlan, bundle: string): Promise<void> {
  x509.cryptoProvider.set(webcrypto)
  const notBefore = new Date(Date.now() - 60_000)
  const notAfter = new Date(Date.now() + 30 * dayMs)
  const authority = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Lab machines',
    notBefore,
    notAfter,
    keys: authority,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  await writeFile(bundle, root.toString('pem'))
  await Promise.all(
    plan.spire.agents.map(async (agent, index) => {
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: `1${index}`,
        subject: `CN=${agent.node}`,
        issuer: root.subject,
        notBefore,
        notAfter,
        publicKey: keys.publicKey,
        signingKey: authority.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)],
      })
      const exported = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
      const base = path.join(plan.runFolder, 'pop', agent.node)
      await writeFile(`${base}.pem`, leaf.toString('pem'))
      await writeFile(`${base}.key`, x509.PemConverter.encode(exported, 'PRIVATE KEY'), { mode: 0o600 })
    }),
  )
}
