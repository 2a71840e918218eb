import { implement } from '@orpc/server'
import { contract } from '../../shared/contract/index.ts'
import type { ChangesHandlers } from '../core/changes.ts'
import type { PolicyHandlers } from '../policy/handlers.ts'
import type { CallContext } from './call-context.ts'

const os = implement(contract).$context<CallContext>()
const never = new AbortController().signal

/** The policy namespace, bound as the others are in `router.ts`. */
export function policyRoutes(handlers: PolicyHandlers) {
  const { policy } = os
  return {
    tools: policy.tools.handler(({ input, signal }) => handlers.tools(input, signal ?? never)),
    toolRelease: policy.toolRelease.handler(({ input, signal }) => handlers.toolRelease(input, signal ?? never)),
    getTool: policy.getTool.handler(({ input, signal }) => handlers.getTool(input, signal ?? never)),
    bundles: policy.bundles.handler(({ input, signal }) => handlers.bundles(input, signal ?? never)),
    revisions: policy.revisions.handler(({ input, signal }) => handlers.revisions(input, signal ?? never)),
    content: policy.content.handler(({ input, signal }) => handlers.content(input, signal ?? never)),
    file: policy.file.handler(({ input, signal }) => handlers.file(input, signal ?? never)),
    difference: policy.difference.handler(({ input, signal }) => handlers.difference(input, signal ?? never)),
    drafts: policy.drafts.handler(({ input, signal }) => handlers.drafts(input, signal ?? never)),
    startDraft: policy.startDraft.handler(({ input, signal }) => handlers.startDraft(input, signal ?? never)),
    draft: policy.draft.handler(({ input, signal }) => handlers.draft(input, signal ?? never)),
    readDraft: policy.readDraft.handler(({ input, signal }) => handlers.readDraft(input, signal ?? never)),
    writeDraft: policy.writeDraft.handler(({ input, signal }) => handlers.writeDraft(input, signal ?? never)),
    removeDraftFile: policy.removeDraftFile.handler(({ input, signal }) =>
      handlers.removeDraftFile(input, signal ?? never),
    ),
    discardDraft: policy.discardDraft.handler(({ input, signal }) => handlers.discardDraft(input, signal ?? never)),
    check: policy.check.handler(({ input, signal }) => handlers.check(input, signal ?? never)),
    format: policy.format.handler(({ input, signal }) => handlers.format(input, signal ?? never)),
    test: policy.test.handler(({ input, signal }) => handlers.test(input, signal ?? never)),
    simulate: policy.simulate.handler(({ input, signal }) => handlers.simulate(input, signal ?? never)),
    inputOf: policy.inputOf.handler(({ input, signal }) => handlers.inputOf(input, signal ?? never)),
    recheck: policy.recheck.handler(({ input, signal }) => handlers.recheck(input, signal ?? never)),
    plan: policy.plan.handler(({ input, signal }) => handlers.plan(input, signal ?? never)),
    publish: policy.publish.handler(({ input, signal }) => handlers.publish(input, signal ?? never)),
    convergence: policy.convergence.handler(({ input, signal }) => handlers.convergence(input, signal ?? never)),
    language: policy.language.handler(({ input, signal }) => handlers.language(input, signal ?? never)),
    tellLanguage: policy.tellLanguage.handler(({ input, signal }) => handlers.tellLanguage(input, signal ?? never)),
  }
}

export function changesRoutes(handlers: ChangesHandlers) {
  const { changes } = os
  return {
    mode: changes.mode.handler(({ input }) => handlers.mode(input)),
    enable: changes.enable.handler(({ input }) => handlers.enable(input)),
    disable: changes.disable.handler(({ input }) => handlers.disable(input)),
    journal: changes.journal.handler(({ input }) => handlers.journal(input)),
    verify: changes.verify.handler(() => handlers.verify()),
  }
}
