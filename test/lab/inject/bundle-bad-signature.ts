import type { LabControls } from '../controls.ts'
import { waitFor } from '../processes.ts'
import { waitForRevisionEverywhere } from './checks.ts'

/** A revision signed with a key that no OPA trusts: each keeps the revision it had. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.publish({ foreignKey: true })
  await Promise.all(
    lab.plan.opas.map((opa) =>
      waitFor(
        `${opa.id} refuses the bundle's signature`,
        async () => (await lab.opas.bundleStatus(opa.id)).code === 'bundle_error',
        { timeoutMs: 20_000, everyMs: 100 },
      ),
    ),
  )
}

export async function heal(lab: LabControls): Promise<void> {
  await waitForRevisionEverywhere(lab, await lab.publish({}))
}
