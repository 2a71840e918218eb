import type { SimulatePanelProps } from '../panel-props.ts'

/** What a request would be answered, deployed against draft. */
export function SimulatePanel({ live }: SimulatePanelProps) {
  return <h2>{live === null ? 'Simulate' : `Simulate against ${live.revision}`}</h2>
}
