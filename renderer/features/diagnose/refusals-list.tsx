import type { DiagnoseListProps } from './diagnose-props.ts'

/** The left column of the tab Refused. */
export function RefusalsList({ tabs }: DiagnoseListProps) {
  return <>{tabs}</>
}
