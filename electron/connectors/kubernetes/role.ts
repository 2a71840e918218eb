import { readFileSync } from 'node:fs'

/** The least rights as a manifest that `kubectl apply` takes: docs/rights/kubernetes.yaml, for `everyhop env role kubernetes`. */
export function kubernetesRole(): string {
  return readFileSync(new URL('../../../docs/rights/kubernetes.yaml', import.meta.url), 'utf8')
}
