import type { DiagnoseHandshakeInput, DiagnoseRequestInput, FailingHandshake } from '../../shared/contract/diagnosis.ts'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { failingHandshakesIn, gatherHandshake } from './gather-handshake.ts'
import { gatherRequest } from './gather-request.ts'
import type { DiagnosisParts } from './parts.ts'

/** The diagnosis namespace of the contract. */
export interface DiagnosisHandlers {
  request(input: DiagnoseRequestInput): Promise<RequestDiagnosis>
  handshake(input: DiagnoseHandshakeInput): Promise<HandshakeDiagnosis>
  failingHandshakes(input: { readonly environment: string }): Promise<readonly FailingHandshake[]>
}

export function createDiagnosisHandlers(parts: DiagnosisParts): DiagnosisHandlers {
  return {
    request: async ({ environment, asked }) => diagnoseRequest(await gatherRequest(parts, environment, asked)),
    async handshake({ environment, from, to }) {
      const reading = await parts.reading(environment)
      return diagnoseHandshake(gatherHandshake(reading, from, to, parts.clock.now()))
    },
    failingHandshakes: async ({ environment }) => failingHandshakesIn((await parts.reading(environment)).graph),
  }
}
