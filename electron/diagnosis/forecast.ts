import { forecastOf } from '../../shared/domain/diagnosis/forecast/forecast.ts'
import type { Forecast } from '../../shared/domain/diagnosis/forecast/model.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'

/** What a forecast needs of an environment: beside the graph, what was read when, and whether it could be read again since. */
export interface ForecastReading {
  readonly graph: TrustGraph
  readonly scopes: readonly ScopeState[]
}

export function forecastIn({ graph, scopes }: ForecastReading, now: number): Forecast {
  return forecastOf({ graph, scopes, now })
}
