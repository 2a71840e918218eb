import type {
  DiagnoseHandshakeInput,
  DiagnoseRequestInput,
  FailingHandshake,
  NoIdentityInput,
  ProbeInput,
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
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { Log } from '../core/ports.ts'
import { type ForecastReading, forecastIn } from './forecast.ts'
import { failingHandshakesIn, gatherHandshake } from './gather-handshake.ts'
import { type IdentityReading, noIdentityIn } from './no-identity.ts'
import { noteDefects } from './note-defects.ts'
import type { DiagnosisParts, Reading } from './parts.ts'
import { type ProbeParts, probeHandshake } from './probe.ts'
import { type RefusalsReading, refusalsIn } from './refusals.ts'
import { requestInTime } from './request-in-time.ts'

interface Asked {
  readonly environment: string
  /** null: now. */
  readonly at: EpochMs | null
}

/** The diagnosis namespace of the contract. */
export interface DiagnosisHandlers {
  /** Rejects with the signal's reason once nobody waits for it. */
  request(input: DiagnoseRequestInput, signal: AbortSignal): Promise<RequestDiagnosis>
  change(input: SmallestChangeInput, signal: AbortSignal): Promise<SmallestChange>
  handshake(input: DiagnoseHandshakeInput): Promise<HandshakeDiagnosis>
  failingHandshakes(input: Asked): Promise<readonly FailingHandshake[]>
  refusals(input: RefusalsInput): Promise<RefusalGroups>
  forecast(input: Asked): Promise<Forecast>
  noIdentity(input: NoIdentityInput): Promise<NoIdentityDiagnosis>
  probe(input: ProbeInput, signal: AbortSignal): Promise<HandshakeProbe>
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
  /** Parts that know what was known at a time; null: it is now that is asked about. Rejects with a `Failure`: `not-found`, `invalid`. */
  readonly past?: (environment: string, at: EpochMs | null) => Promise<DiagnosisHandlerParts | null>
}

export function createDiagnosisHandlers(present: DiagnosisHandlerParts): DiagnosisHandlers {
  async function partsOf(environment: string | null, at: EpochMs | null): Promise<DiagnosisHandlerParts> {
    return (environment === null ? null : await present.past?.(environment, at)) ?? present
  }

  return {
    async request(input, signal) {
      const parts = await partsOf(input.environment, input.at)
      return noteDefects(parts.log, await requestInTime(parts, input, signal))
    },
    // Both ask what is there now.
    change: (input, signal) => present.findChange(input, signal),
    probe: async (input, signal) =>
      probeHandshake(present.probing, await present.reading(input.environment), input, signal),
    async handshake({ environment, at, from, to }) {
      const parts = await partsOf(environment, at)
      const reading = await parts.reading(environment)
      return noteDefects(parts.log, diagnoseHandshake(gatherHandshake(reading, from, to, parts.clock.now())))
    },
    async failingHandshakes({ environment, at }) {
      const parts = await partsOf(environment, at)
      return failingHandshakesIn((await parts.reading(environment)).graph)
    },
    async forecast({ environment, at }) {
      const parts = await partsOf(environment, at)
      return forecastIn(await parts.reading(environment), parts.clock.now())
    },
    async noIdentity(input) {
      const parts = await partsOf(input.environment, input.at)
      return noteDefects(parts.log, noIdentityIn(await parts.reading(input.environment), input, parts.clock.now()))
    },
    async refusals(input) {
      const parts = await partsOf(input.environment, input.at)
      return refusalsIn(await parts.reading(input.environment), input, parts.clock)
    },
  }
}
