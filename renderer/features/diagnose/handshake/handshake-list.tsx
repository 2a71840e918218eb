import type { DiagnoseListProps } from '../diagnose-props.ts'

/** The left column of the tab Handshakes. */
export function HandshakeList({ tabs }: DiagnoseListProps) {
  return <>{tabs}</>
}
