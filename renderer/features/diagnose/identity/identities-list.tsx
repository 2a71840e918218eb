import type { DiagnoseListProps } from '../diagnose-props.ts'

/** The left column of the tab Identities. */
export function IdentitiesList({ tabs }: DiagnoseListProps) {
  return <>{tabs}</>
}
