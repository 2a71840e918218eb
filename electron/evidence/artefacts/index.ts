import type { Artefact } from '../artefact.ts'
import { actions } from './actions.ts'
import { binaryAuthorisation } from './binary-authorisation.ts'
import { decisions } from './decisions.ts'
import { diagnoses } from './diagnoses.ts'
import { jitCredentials } from './jit-credentials.ts'
import { mtlsCoverage } from './mtls-coverage.ts'
import { pipelineIntegrity } from './pipeline-integrity.ts'
import { policyDefinitions } from './policy-definitions.ts'
import { svidIssuance } from './svid-issuance.ts'
import { trustGraph } from './trust-graph.ts'

/** What a pack can hold, in the order of a pack. A further one is a file beside these and a line here. */
export const artefacts: readonly Artefact[] = [
  policyDefinitions,
  svidIssuance,
  pipelineIntegrity,
  jitCredentials,
  binaryAuthorisation,
  trustGraph,
  mtlsCoverage,
  decisions,
  diagnoses,
  actions,
]
