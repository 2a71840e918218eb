import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import type { SpireSource } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { findSecrets } from '../builders/secrets.ts'
import { createTestAuthority } from '../builders/test-authority.ts'

interface Identity {
  readonly certificate: string
  readonly key: string
  readonly bundle: string
}

/** A SPIRE server of the trust domain `pipeline.example`, real or not, with the rule of docs/rights/spire.md. */
export interface SpireUnderTest {
  /** Of the test's own. */
  readonly folder: string
  /** An SVID of `/console/<name>`, in files. */
  mint(name: string): Promise<Identity>
  sourceOverTcp(identity: Identity): SpireSource
  stop(): Promise<void>
}

/** What Everyhop says when a SPIRE server, or Everyhop itself, refuses. */
export function spireWordsSuite(name: string, start: () => Promise<SpireUnderTest>): void {
  describe(`what is refused by ${name}`, () => {
    let server: SpireUnderTest

    beforeAll(async () => {
      server = await start()
    })
    afterAll(() => server?.stop())

    function ask(source: SpireSource) {
      const settings = { baseDirectory: server.folder, windowSeconds: 60 }
      return spireConnector.test(source, settings, connectorPorts(), new AbortController().signal)
    }

    test('a caller without the right reads the bundle, and is told which methods are denied', async () => {
      const answer = await ask(server.sourceOverTcp(await server.mint('nobody')))
      expect(answer.outcome).toBe('partly')
      expect(Object.fromEntries(answer.steps.map((step) => [step.what, step.outcome]))).toEqual({
        connection: 'read',
        server: 'read',
        'registration-entries': 'forbidden',
        agents: 'forbidden',
        'trust-bundle': 'read',
        'federated-bundles': 'forbidden',
        authorities: 'forbidden',
        'federation-relationships': 'forbidden',
      })
      const entries = answer.steps.find((step) => step.what === 'registration-entries')
      expect(entries?.detail).toContain(
        'PERMISSION_DENIED authorization denied for method /spire.api.server.entry.v1.Entry/ListEntries',
      )
    })

    test('another trust domain in environment.yaml is told with both names', async () => {
      const source = { ...server.sourceOverTcp(await server.mint('reader')), trustDomain: 'other.example' }
      const answer = await ask(source)
      expect(answer).toMatchObject({ outcome: 'unusable', steps: [{ outcome: 'invalid' }] })
      expect(answer.steps[0]?.detail).toContain(
        'presents spiffe://pipeline.example/spire/server, expected spiffe://other.example/spire/server',
      )
    })

    test('a bundle of another authority is told as a certificate that cannot be verified', async () => {
      const identity = await server.mint('reader')
      const other = join(server.folder, 'other-bundle.pem')
      await writeFile(other, (await createTestAuthority('pipeline.example')).certificate)
      const answer = await ask(server.sourceOverTcp({ ...identity, bundle: other }))
      expect(answer).toMatchObject({ outcome: 'unusable', steps: [{ outcome: 'invalid' }] })
      expect(answer.steps[0]?.detail).toContain('is not signed by an authority of the trust bundle')
    })

    test('an SVID of another authority is told as refused by the server, a missing right', async () => {
      const identity = await server.mint('reader')
      const forged = await (await createTestAuthority('pipeline.example')).issue({
        spiffeId: 'spiffe://pipeline.example/console/reader',
      })
      const own = {
        ...identity,
        certificate: join(server.folder, 'forged.pem'),
        key: join(server.folder, 'forged.key'),
      }
      await writeFile(own.certificate, forged.certificate)
      await writeFile(own.key, forged.key)
      const answer = await ask(server.sourceOverTcp(own))
      expect(answer.outcome).toBe('unusable')
      for (const step of answer.steps.slice(1))
        expect(step).toMatchObject({ outcome: 'forbidden', detail: expect.stringContaining('TLS alert') })
      expect(findSecrets(answer, [(await readFile(own.key, 'utf8')).split('\n')[1] ?? ''])).toEqual([])
    })
  })
}
