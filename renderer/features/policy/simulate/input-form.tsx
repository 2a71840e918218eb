import { useId } from 'react'
import type { GraphView } from '../../../../shared/domain/model/view.ts'
import { useGraphView } from '../../../api/hooks.ts'
import type { RequestForm } from './request-form.ts'
import styles from './simulate.module.css'
import type { SimulationInput } from './use-input.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const

/** A form that knows the workloads of the graph; for two that call each other the last recorded request fills the rest. */
export function InputFormView({
  environment,
  input,
}: {
  readonly environment: string
  readonly input: SimulationInput
}) {
  const id = useId()
  const view = useGraphView({ environment, filter: '', open: [], selected: null })
  const known = workloadsOf(view.data)
  const { form, changeForm } = input
  const set = (part: Partial<RequestForm>) => changeForm({ ...form, ...part })
  const setEnds = (ends: Pick<RequestForm, 'caller' | 'callee'>) => {
    set(ends)
    const hop = hopBetween(view.data, ends)
    if (hop !== null) void input.take({ hop }, 'form')
  }
  return (
    <div className={styles.form} data-testid="input-form">
      <datalist id={`${id}-workloads`}>
        {known.map(({ name, spiffeId }) => (
          <option key={spiffeId} value={spiffeId}>
            {name}
          </option>
        ))}
      </datalist>
      <Field label="Caller">
        <input
          list={`${id}-workloads`}
          value={form.caller}
          placeholder="SPIFFE ID; empty: no identity"
          onChange={(event) => setEnds({ caller: event.target.value, callee: form.callee })}
          data-testid="form-caller"
        />
      </Field>
      <Field label="Callee">
        <input
          list={`${id}-workloads`}
          value={form.callee}
          placeholder="SPIFFE ID"
          onChange={(event) => setEnds({ caller: form.caller, callee: event.target.value })}
          data-testid="form-callee"
        />
      </Field>
      <Field label="Request">
        <select aria-label="Method" value={form.method} onChange={(event) => set({ method: event.target.value })}>
          {[...new Set([...methods, form.method])].map((method) => (
            <option key={method}>{method}</option>
          ))}
        </select>
        <input
          aria-label="Path"
          value={form.path}
          onChange={(event) => set({ path: event.target.value })}
          data-testid="form-path"
        />
      </Field>
      <Field label="Class">
        <input
          aria-label="Classification"
          value={form.classification}
          placeholder="classification, such as internal"
          onChange={(event) => set({ classification: event.target.value })}
          data-testid="form-classification"
        />
        <input
          aria-label="Header of the classification"
          value={form.classificationHeader}
          onChange={(event) => set({ classificationHeader: event.target.value })}
        />
      </Field>
      <Field label="Claims">
        <input
          aria-label="Claims of the token, as JSON"
          value={form.claims}
          placeholder='{"sub": "ann"}'
          spellCheck={false}
          onChange={(event) => set({ claims: event.target.value })}
          data-testid="form-claims"
        />
        <input
          aria-label="Header of the token"
          value={form.tokenHeader}
          onChange={(event) => set({ tokenHeader: event.target.value })}
        />
      </Field>
      <Field label="Headers">
        <textarea
          aria-label="Headers"
          rows={Math.min(6, form.headers.split('\n').length + 1)}
          value={form.headers}
          placeholder="name: value"
          spellCheck={false}
          onChange={(event) => set({ headers: event.target.value })}
        />
      </Field>
      {form.claims.trim() === '' ? null : (
        <p className={styles.quiet}>
          The token is made up here, and no key signed it: a policy that verifies signatures refuses it.
        </p>
      )}
    </div>
  )
}

function Field({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    // One group with the label of its first field: the others have names of their own.
    <label className={styles.field}>
      <span>{label}</span>
      <span className={styles.controls}>{children}</span>
    </label>
  )
}

function workloadsOf(view: GraphView | undefined): readonly { readonly name: string; readonly spiffeId: string }[] {
  return (view?.nodes ?? []).flatMap((node) =>
    node.type === 'workload' && node.workload.spiffeId.known
      ? [{ name: node.workload.name, spiffeId: node.workload.spiffeId.value }]
      : [],
  )
}

/** Id of the hop between two workloads, by their SPIFFE IDs; null: the graph has none. */
function hopBetween(
  view: GraphView | undefined,
  { caller, callee }: Pick<RequestForm, 'caller' | 'callee'>,
): string | null {
  const found = view?.edges.find(
    (edge) => edge.type === 'hop' && edge.from === `workload/${caller}` && edge.to === `workload/${callee}`,
  )
  return found?.id ?? null
}
