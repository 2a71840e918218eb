import { Plus } from 'lucide-react'
import { Button, Keys } from '../../ui/atoms.tsx'
import styles from './environments.module.css'

/** Nothing is connected: the way to one's own, after the playground. */
export function FirstRun({ onAdd, home }: { readonly onAdd: () => void; readonly home: string | null }) {
  return (
    <section className={styles.card} aria-labelledby="connect-own">
      <header className={styles.cardHead}>
        <h2 id="connect-own">Connect your own</h2>
        <Button onClick={onAdd} data-testid="add-environment">
          <Plus size={14} aria-hidden="true" /> Add an environment <Keys keys={['n']} />
        </Button>
      </header>
      <p>
        Choose a context of your kubeconfig. Everyhop looks for SPIRE, Envoy, OPA and Vault with the rights you have,
        shows what it can read and what stays unknown, and draws the graph before anything is saved. It only reads.
      </p>
      <p className={styles.quiet}>
        An environment can also be written by hand
        {home === null ? '' : ' and put into '}
        {home === null ? null : <code>{home}/environments</code>}: docs/guides/connect.md has an example. From a
        checkout on Linux there is a lab of real servers too: <code>npm run lab</code>.
      </p>
    </section>
  )
}
