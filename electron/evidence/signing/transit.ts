import { type LendVault, openTransitEvidenceKey } from '../../actions/vault-transit.ts'
import type { TransitKey } from '../../actions/vault-transit-calls.ts'
import type { SigningPlace } from './signer.ts'

/** A key that Vault keeps. The pack is signed with the version that is the newest now, also when it is rotated meanwhile. */
export async function transitSigner(lend: LendVault, place: TransitKey, signal: AbortSignal): Promise<SigningPlace> {
  const { vault, mount, name } = place
  const key = await openTransitEvidenceKey(lend, place, signal)
  return {
    kind: 'transit',
    name: `${name} (version ${key.version}) of ${mount} in Vault ${vault}`,
    publicKey: key.publicKey,
    assurance: 'vault',
    signUnverified: (bytes, signing) => key.sign(bytes, signing),
  }
}
