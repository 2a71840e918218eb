import { type IntegrityEvent, integrityEventSchema } from '../../../../electron/playground/pipeline/integrity-event.ts'
import type { LabControls } from '../../controls.ts'
import { waitForLine } from '../checks.ts'

type Wanted = Pick<IntegrityEvent, 'stage' | 'caller_stage' | 'type' | 'outcome'>

/** Waits until a stage reports this, from now on. */
export async function integrityEvent(lab: LabControls, wanted: Wanted): Promise<void> {
  const what = `${wanted.stage} reports the ${wanted.type} of ${wanted.caller_stage} as ${wanted.outcome}`
  await waitForLine(lab.plan.files.integrityLog, what, (line) => {
    const event = integrityEventSchema.parse(JSON.parse(line))
    return (
      event.stage === wanted.stage &&
      event.caller_stage === wanted.caller_stage &&
      event.type === wanted.type &&
      event.outcome === wanted.outcome
    )
  })
}
