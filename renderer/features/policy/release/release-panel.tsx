import type { ReleasePanelProps } from '../panel-props.ts'

/** Revisions, which OPA has which, and publishing. */
export function ReleasePanel({ bundle }: ReleasePanelProps) {
  return <h2>{`Releases of ${bundle.name}`}</h2>
}
