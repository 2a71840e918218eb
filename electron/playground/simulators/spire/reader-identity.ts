import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { World } from '../../parts.ts'
import { readerIdOf } from './authorisation.ts'

/** Everyhop's own SVID of the trust domain, in files that are replaced in time. Key and certificate are in one, so that no reader gets an unequal pair. */
export interface ReaderIdentity {
  /** Absolute paths, as `identity` of environment.yaml takes them. */
  readonly certificate: string
  readonly key: string
  readonly bundle: string
  stop(): Promise<void>
}

const lookEveryMs = 500
/** Everyhop says of files that they run out when ten minutes are left, or a third of the life. */
const lifeMs = 60 * 60 * 1000

/** Writes them into `folder`, and keeps them new until `stop`. */
export async function writeReaderIdentity(world: World, folder: string): Promise<ReaderIdentity> {
  const { authority, clock } = world
  const paths = {
    certificate: join(folder, 'svid.pem'),
    key: join(folder, 'svid.pem'),
    bundle: join(folder, 'bundle.pem'),
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const signer = (): string => authority.roots().find(({ status }) => status === 'active')?.id ?? ''
  let signedBy = ''
  let renewAt = 0
  let bundle = ''
  let running: Promise<void> | null = null

  async function keep(): Promise<void> {
    const now = clock.now()
    if (bundle !== authority.bundle()) {
      const next = authority.bundle()
      await replace(paths.bundle, next)
      bundle = next
    }
    if (now < renewAt && signedBy === signer()) return
    const by = signer()
    const order = { spiffeId: readerIdOf(authority.trustDomain), notBefore: now - 10_000, notAfter: now + lifeMs }
    const svid = await authority.issue(order)
    await replace(paths.certificate, `${svid.certificates.trimEnd()}\n${svid.key}`)
    signedBy = by
    renewAt = now + lifeMs / 2
  }

  await keep()
  const looking = setInterval(() => {
    running ??= keep()
      .catch((error: unknown) =>
        world.log.warn('the reader of the playground has no new SVID', { error: String(error) }),
      )
      .finally(() => {
        running = null
      })
  }, lookEveryMs)
  looking.unref()
  return {
    ...paths,
    async stop() {
      clearInterval(looking)
      await running
    },
  }
}

/** Whole or not at all: a reader never sees half of a file. */
async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.next`
  await writeFile(next, text, { mode: 0o600 })
  await rename(next, path)
}
