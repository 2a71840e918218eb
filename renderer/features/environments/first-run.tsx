import { Plus } from 'lucide-react'
import { Button, Keys } from '../../ui/atoms.tsx'
import styles from './environments.module.css'

/** Nothing is connected: two ways to a picture, one of them a button. */
export function FirstRun({ onAdd, home }: { readonly onAdd: () => void; readonly home: string | null }) {
  return (
    <section className={styles.first} aria-labelledby="first-step">
      <p className={styles.capitals}>First step</p>
      <h2 id="first-step">Connect your cluster</h2>
      <p>
        Choose a context of your kubeconfig. Everyhop looks for SPIRE, Envoy, OPA and Vault with the rights you have,
        shows what it can read and what stays unknown, and draws the graph before anything is saved. It only reads.
      </p>
      <div>
        <Button primary onClick={onAdd} data-testid="add-environment">
          <Plus size={14} aria-hidden="true" /> Add an environment <Keys keys={['n']} />
        </Button>
      </div>
      <p>
        No cluster at hand? The lab is a running zero-trust pipeline on this machine, with real SPIRE, Envoy and OPA. It
        appears here by itself once you start it:
      </p>
      <pre className={styles.literal}>npm run lab</pre>
      <p className={styles.quiet}>
        An environment can also be written by hand
        {home === null ? '' : ' and put into '}
        {home === null ? null : <code>{home}/environments</code>}: docs/guides/connect.md has an example.
      </p>
    </section>
  )
}
