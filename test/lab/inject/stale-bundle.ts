import type { LabControls } from '../controls.ts'
import { waitFor } from '../processes.ts'

/** The bundle server takes requests and never answers. */
export async function inject(lab: LabControls): Promise<void> {
  lab.opas.bundleServer.fallSilent()
  await waitForAges(lab, 'is stale', (ageSeconds) => ageSeconds > lab.bundleStaleAfterSeconds)
}

export async function heal(lab: LabControls): Promise<void> {
  lab.opas.bundleServer.answer()
  await waitForAges(lab, 'is fetched again', (ageSeconds) => ageSeconds < lab.bundleStaleAfterSeconds / 2)
}

async function waitForAges(lab: LabControls, what: string, check: (ageSeconds: number) => boolean): Promise<void> {
  const timeoutMs = (lab.bundleStaleAfterSeconds + 40) * 1000
  await Promise.all(
    lab.plan.opas.map((opa) =>
      waitFor(
        `the bundle of ${opa.id} ${what}`,
        async () => {
          const { last_successful_request: last } = await lab.opas.bundleStatus(opa.id)
          return last !== undefined && check((Date.now() - Date.parse(last)) / 1000)
        },
        { timeoutMs, everyMs: 200 },
      ),
    ),
  )
}
