import type { EpochMs } from '../../../shared/domain/model/time.ts'

/**
 * Unbroken runs of handshake failures. A run belongs to the address that is tried (or tries), not to a SPIFFE ID: a failed
 * handshake often does not tell who it was.
 */
export interface HandshakeRuns {
  failed(key: string, at: EpochMs): void
  /** `at`: when the attempt began. A connection from before the run does not end it, however long it lives. */
  succeeded(key: string, at: EpochMs): void
  /** Start of the run that is still going on; null when the last attempt succeeded. */
  failingSince(key: string): EpochMs | null
  forgetBefore(at: EpochMs): void
}

interface Run {
  since: EpochMs | null
  lastFailure: EpochMs
  lastSuccess: EpochMs
}

export function createHandshakeRuns(): HandshakeRuns {
  const runs = new Map<string, Run>()

  function runOf(key: string): Run {
    const found = runs.get(key)
    if (found !== undefined) return found
    const run: Run = { since: null, lastFailure: Number.NEGATIVE_INFINITY, lastSuccess: Number.NEGATIVE_INFINITY }
    runs.set(key, run)
    return run
  }

  return {
    failed(key, at) {
      const run = runOf(key)
      if (run.since === null || run.lastSuccess > run.lastFailure) run.since = at
      run.lastFailure = Math.max(run.lastFailure, at)
    },
    succeeded(key, at) {
      const run = runOf(key)
      run.lastSuccess = Math.max(run.lastSuccess, at)
    },
    failingSince(key) {
      const run = runs.get(key)
      return run !== undefined && run.lastFailure > run.lastSuccess ? run.since : null
    },
    forgetBefore(at) {
      for (const [key, run] of runs) if (Math.max(run.lastFailure, run.lastSuccess) < at) runs.delete(key)
    },
  }
}
