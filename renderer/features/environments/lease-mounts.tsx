import type { TestedLeaseMount } from '../../../shared/contract/lease-mounts.ts'
import { listCost, listWarning } from '../../../shared/words/lease-mounts.ts'
import styles from './environments.module.css'
import { ToldField } from './fields.tsx'

/** Turns listing on for each mount, with what it costs beside it. What is on and was not found again can be turned off. */
export function LeaseMounts({
  mounts,
  listed,
  onChange,
}: {
  /** Of the last check; null: this Vault was not checked, or its mounts could not be read. */
  readonly mounts: readonly TestedLeaseMount[] | null
  readonly listed: readonly string[]
  readonly onChange: (listed: readonly string[]) => void
}) {
  const isOn = (mount: string): boolean => listed.some((one) => withSlash(one) === mount)
  const known = new Set((mounts ?? []).map(({ mount }) => mount))
  const others = listed.map(withSlash).filter((one) => !known.has(one))
  const set = (mount: string, on: boolean) =>
    onChange(on ? [...listed, mount] : listed.filter((one) => withSlash(one) !== mount))
  const rows = [
    ...(mounts ?? []).map((one) => ({
      mount: one.mount,
      cost: listCost({ ...one, listed: isOn(one.mount) && one.listed }),
    })),
    ...others.map((mount) => ({ mount, cost: mounts === null ? 'Not checked.' : 'The check found no such mount.' })),
  ]
  return (
    <ToldField label="List leases of">
      <p className={styles.quiet}>
        {mounts === null ? 'The check tells which mounts may give leases, and what listing them costs. ' : ''}
        {listWarning}
      </p>
      <ul className={styles.mounts} data-testid="lease-mounts">
        {rows.map(({ mount, cost }) => (
          <li key={mount}>
            <label>
              <input type="checkbox" checked={isOn(mount)} onChange={(event) => set(mount, event.target.checked)} />
              <code>{mount}</code>
            </label>
            <p className={styles.quiet}>{cost}</p>
          </li>
        ))}
      </ul>
    </ToldField>
  )
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
