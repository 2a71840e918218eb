import type {
  DiagnoseHandshakeInput,
  DiagnoseRequestInput,
  FailingHandshake,
  NoIdentityInput,
  RefusalsInput,
  SmallestChangeInput,
} from '../../shared/contract/diagnosis.ts'
import type { SmallestChange } from '../../shared/domain/diagnosis/change/model.ts'
import type { Forecast } from '../../shared/domain/diagnosis/forecast/model.ts'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import type { HandshakeProbe } from '../../shared/domain/diagnosis/handshake/probe.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import type { NoIdentityDiagnosis } from '../../shared/domain/diagnosis/no-identity/model.ts'
import type { RefusalGroups } from '../../shared/domain/diagnosis/refusals/model.ts'
import type { Log } from '../core/ports.ts'
import { type ForecastReading, forecastIn } from './forecast.ts'
import { failingHandshakesIn, gatherHandshake } from './gather-handshake.ts'
import { type IdentityReading, noIdentityIn } from './no-identity.ts'
import { noteDefects } from './note-defects.ts'
import type { DiagnosisParts, Reading } from './parts.ts'
import { type ProbeParts, probeHandshake } from './probe.ts'
import { type RefusalsReading, refusalsIn } from './refusals.ts'
import { requestInTime } from './request-in-time.ts'

/** The diagnosis namespace of the contract. */
export interface DiagnosisHandlers {
  /** Rejects with the signal's reason once nobody waits for it. */
  request(input: DiagnoseRequestInput, signal: AbortSignal): Promise<RequestDiagnosis>
  change(input: SmallestChangeInput, signal: AbortSignal): Promise<SmallestChange>
  handshake(input: DiagnoseHandshakeInput): Promise<HandshakeDiagnosis>
  failingHandshakes(input: { readonly environment: string }): Promise<readonly FailingHandshake[]>
  refusals(input: RefusalsInput): Promise<RefusalGroups>
  forecast(input: { readonly environment: string }): Promise<Forecast>
  noIdentity(input: NoIdentityInput): Promise<NoIdentityDiagnosis>
  probe(input: DiagnoseHandshakeInput, signal: AbortSignal): Promise<HandshakeProbe>
}

/** Lists need sums of the store besides what a single diagnosis needs. */
export interface DiagnosisHandlerParts extends DiagnosisParts {
  /** The signal is for those who look for records: it ends what is asked of logs that are kept elsewhere. */
  readonly reading: (
    environment: string,
    signal?: AbortSignal,
  ) => Promise<Reading & RefusalsReading & ForecastReading & IdentityReading>
  readonly log: Pick<Log, 'error'>
  readonly probing: ProbeParts
  /** Rejects only when it is told to stop. */
  readonly findChange: (input: SmallestChangeInput, signal: AbortSignal) => Promise<SmallestChange>
}

export function createDiagnosisHandlers(parts: DiagnosisHandlerParts): DiagnosisHandlers {
  return {
    request: async (input, signal) => noteDefects(parts.log, await requestInTime(parts, input, signal)),
    change: (input, signal) => parts.findChange(input, signal),
    async handshake({ environment, from, to }) {
      const reading = await parts.reading(environment)
      return noteDefects(parts.log, diagnoseHandshake(gatherHandshake(reading, from, to, parts.clock.now())))
    },
    failingHandshakes: async ({ environment }) => failingHandshakesIn((await parts.reading(environment)).graph),
    forecast: async ({ environment }) => forecastIn(await parts.reading(environment), parts.clock.now()),
    async noIdentity(input) {
      const reading = await parts.reading(input.environment)
      return noteDefects(parts.log, noIdentityIn(reading, input, parts.clock.now()))
    },
    probe: async (input, signal) =>
      probeHandshake(parts.probing, await parts.reading(input.environment), input, signal),
    refusals: async (input) => refusalsIn(await parts.reading(input.environment), input, parts.clock),
  }
}
