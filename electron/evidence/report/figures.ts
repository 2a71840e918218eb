import type { SupportedControl } from '../../../shared/contract/evidence.ts'
import { supportedControls } from '../../../shared/domain/controls/index.ts'
import type { ArtefactMeta, PackIndex } from '../../../shared/domain/evidence/model.ts'
import type { ListedException } from '../pack/artefact-folder.ts'

/** What every report says: counted once, so that no two of them can differ. */
export interface Figures {
  readonly index: PackIndex
  readonly metas: readonly ArtefactMeta[]
  readonly controls: readonly SupportedControl[]
  /** By artefact, in the order of `metas`; at most 10,000 together. */
  readonly exceptions: readonly { readonly artefact: string; readonly listed: readonly ListedException[] }[]
  /** SHA-256 of the SPKI of the organisation's key. */
  readonly keyFingerprint: string
  readonly signedWith: string
}

export function figuresOf(figures: Omit<Figures, 'controls'>): Figures {
  return { ...figures, controls: supportedControls(figures.index.artefacts.map(({ id }) => id)) }
}
