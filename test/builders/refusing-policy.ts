import { Failure } from '../../electron/core/failure.ts'
import type { PolicyService } from '../../electron/service/policy.ts'

/** Handlers of namespaces that a test does not ask: whoever asks all the same is told. */
export function refusingPolicy(): PolicyService {
  const refuse = (): Promise<never> => Promise.reject(new Failure('not-found', 'policy', 'This test has no policies.'))
  async function* refuseStream(): AsyncGenerator<never, void> {
    yield await refuse()
  }
  return {
    keptBundle: async () => null,
    policy: {
      tools: refuse,
      toolRelease: refuse,
      getTool: refuse,
      bundles: refuse,
      revisions: refuse,
      content: refuse,
      file: refuse,
      difference: refuse,
      drafts: refuse,
      startDraft: refuse,
      draft: refuse,
      readDraft: refuse,
      writeDraft: refuse,
      removeDraftFile: refuse,
      discardDraft: refuse,
      check: refuse,
      format: refuse,
      test: refuse,
      simulate: refuse,
      inputOf: refuse,
      recheck: refuse,
      plan: refuse,
      convergence: refuse,
      tellLanguage: refuse,
      publish: refuseStream,
      language: refuseStream,
    },
    asked: { recorded: refuse, bundles: refuse, kept: refuse, open: refuse },
    changes: { mode: refuse, enable: refuse, disable: refuse, journal: refuse, verify: refuse },
    actions: {
      journal: {
        begin: refuse,
        end: refuse,
        note: refuse,
        list: refuse,
        lines: refuse,
        verify: refuse,
        close: async () => {},
      },
      isKept: false,
      demandChangeMode() {
        throw new Failure('read-only', 'policy', 'This test changes nothing.')
      },
    },
    opaProgram: async () => null,
    close: async () => {},
  }
}
