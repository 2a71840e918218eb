import type { LabControls } from '../../controls.ts'
import { integrityEvent } from './integrity.ts'

const stage = 'tool-runtime'
const receiver = 'model-server'
const signature = { stage: receiver, caller_stage: stage, type: 'stage-signature' } as const

/** The stage signs what it puts out with another key than the one that the others know it by. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.pipeline.restart({ foreignKeyOf: stage })
  await integrityEvent(lab, { ...signature, outcome: 'failed' })
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.pipeline.restart({})
  await integrityEvent(lab, { ...signature, outcome: 'verified' })
}
