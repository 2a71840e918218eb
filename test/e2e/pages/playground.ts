import type { Locator, Page } from 'playwright-core'
import { spiffeIdOf, stageOf } from '../../../electron/playground/pipeline/topology.ts'
import type { FaultId } from '../../../shared/faults/index.ts'

export interface PlaygroundPage {
  readonly banner: Locator
  readonly panel: Locator
  /** The card of a stage on the map. */
  workload(stage: string): Locator
  /** The sentence that a hop is called by on the map; empty: it is not drawn. */
  hop(from: string, to: string): Promise<string>
  /** Whether requests of a hop are allowed, by the state that the map draws. */
  authorisation(from: string, to: string): Promise<string | null>
  /** The sentence that a part of the control plane is called by. */
  control(name: string): Promise<string>
  /** Opens it in the inspector. */
  openHop(from: string, to: string): Promise<void>
  openFaults(): Promise<void>
  /** Resolves when the window says that it is made. */
  inject(fault: FaultId): Promise<void>
  heal(fault: FaultId): Promise<void>
}

const longMs = 60_000

/** The playground as a person uses it. */
export function playgroundPage(page: Page): PlaygroundPage {
  const row = (fault: FaultId) => page.getByTestId(`fault-${fault}`)
  const nameOf = async (element: Locator): Promise<string> =>
    (await element.count()) === 0 ? '' : ((await element.first().getAttribute('aria-label')) ?? '')
  return {
    banner: page.getByTestId('playground-banner'),
    panel: page.getByTestId('faults-panel'),
    workload: (stage) => page.getByTestId(`node-${workloadId(stage)}`),
    hop: (from, to) => nameOf(page.getByTestId(hopTestId(from, to))),
    authorisation: (from, to) => page.getByTestId(hopTestId(from, to)).first().getAttribute('data-authorisation'),
    control: (name) => nameOf(page.getByRole('button', { name: new RegExp(`^${name}\\b`) })),
    async openHop(from, to) {
      // Its words may lie over it.
      await page.getByTestId(hopTestId(from, to)).first().click({ force: true })
      await page.getByTestId('inspector').getByText('Two sides').waitFor()
    },
    async openFaults() {
      await page.getByTestId('open-faults').click()
      await page.getByTestId('faults-panel').waitFor()
    },
    async inject(fault) {
      await row(fault)
        .getByRole('button', { name: /^Inject/ })
        .click({ timeout: longMs })
      await page.locator(`[data-testid="fault-${fault}"][data-active="true"]`).waitFor({ timeout: longMs })
    },
    async heal(fault) {
      await row(fault).getByRole('button', { name: /^Heal/ }).click({ timeout: longMs })
      await page.locator(`[data-testid="fault-${fault}"][data-active="false"]`).waitFor({ timeout: longMs })
    },
  }
}

function hopTestId(from: string, to: string): string {
  return `hop-hop/${workloadId(from)}>${workloadId(to)}`
}

function workloadId(stage: string): string {
  return `workload/${spiffeIdOf(stageOf(stage))}`
}
