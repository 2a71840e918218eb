import type { ReactNode } from 'react'
import type { DiagnoseAddress } from './address.ts'

/** What every part of the screen is given. */
export interface DiagnoseProps {
  readonly environment: string
  readonly address: DiagnoseAddress
  /** Another address of this screen; a step that "back" returns from. */
  readonly go: (address: DiagnoseAddress) => void
  /** False: single keys are switched off. */
  readonly singleKeys: boolean
  /** Writes to the clipboard; the status line says so. A button with `data-copy=""` is pressed by the key y. */
  readonly onCopy: (text: string) => void
}

/** The left column of a tab: its field, the tabs, its list. */
export interface DiagnoseListProps extends DiagnoseProps {
  /** Stand between the field and the list. */
  readonly tabs: ReactNode
}

/** The tab of requests is there without an environment too: a pasted line speaks for itself. */
export interface RequestProps extends Omit<DiagnoseProps, 'environment'> {
  readonly environment: string | null
  /** The line that somebody pasted; it is asked for as long as the address names no request. */
  readonly line: string | null
}
