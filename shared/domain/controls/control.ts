import type { ArtefactId } from '../evidence/model.ts'

/** A published edition of a framework. */
export interface Framework {
  readonly id: string
  readonly name: string
  readonly edition: string
  /** What somebody has to know before relying on the mapping; empty: nothing. */
  readonly note: string
}

/**
 * direct: the artefact shows the control at work. supporting: it helps to see it, and more is needed. `title` is in our own words:
 * the texts of the standards are their publishers'.
 */
export interface Control {
  readonly id: string
  readonly control: string
  readonly title: string
  readonly direct: readonly ArtefactId[]
  readonly supporting: readonly ArtefactId[]
  /** When it does not hold, or not yet, and what is lacking; empty: nothing. */
  readonly note: string
  /** Whether the mapping was checked against no more than secondary sources, or experts differ. */
  readonly uncertain: boolean
}

export interface FrameworkControls {
  readonly framework: Framework
  readonly controls: readonly Control[]
}
