import type { SupportedControl } from '../../contract/evidence.ts'
import type { ArtefactId } from '../evidence/model.ts'
import { apraCps234 } from './apra-cps-234.ts'
import type { FrameworkControls } from './control.ts'
import { euAiAct } from './eu-ai-act.ts'
import { iso27001 } from './iso-27001.ts'
import { iso42001 } from './iso-42001.ts'
import { nistSp800207 } from './nist-sp-800-207.ts'
import { owaspLlm } from './owasp-llm.ts'
import { soc2 } from './soc-2.ts'

/** One file a framework; a further one is a file and a line here. */
export const frameworks: readonly FrameworkControls[] = [
  apraCps234,
  nistSp800207,
  iso27001,
  iso42001,
  euAiAct,
  soc2,
  owaspLlm,
]

/** Grows with each change of what is mapped to what: part of each pack. */
export const mappingVersion = 'controls-1'

/**
 * What these artefacts are evidence for, framework by framework. A control that one of them shows directly and another only
 * supports has a row of each.
 */
export function supportedControls(artefacts: readonly ArtefactId[]): readonly SupportedControl[] {
  return frameworks.flatMap(({ framework, controls }) =>
    controls.flatMap((control) =>
      (['direct', 'supporting'] as const).flatMap((strength) => {
        const shown = control[strength].filter((id) => artefacts.includes(id))
        if (shown.length === 0) return []
        return [
          {
            id: control.id,
            framework: `${framework.name} (${framework.edition})`,
            control: control.control,
            title: control.title,
            artefacts: shown,
            strength,
            note: control.note,
          },
        ]
      }),
    ),
  )
}

/** Ids of `controls.json` that an artefact is evidence for. */
export function controlsOf(artefact: ArtefactId): readonly string[] {
  return [...new Set(supportedControls([artefact]).map(({ id }) => id))]
}

/** `data/controls.json`: the whole mapping of these artefacts, with what is uncertain of it. */
export function controlsDocument(artefacts: readonly ArtefactId[]): Readonly<Record<string, unknown>> {
  return {
    schema: 'everyhop.evidence.controls/1',
    mapping: mappingVersion,
    says: 'Operating evidence for a control, directly or in support. Conclusions belong to the assessor.',
    frameworks: frameworks.map(({ framework, controls }) => ({
      ...framework,
      controls: controls
        .map((control) => ({
          ...control,
          direct: control.direct.filter((id) => artefacts.includes(id)),
          supporting: control.supporting.filter((id) => artefacts.includes(id)),
        }))
        .filter(({ direct, supporting }) => direct.length + supporting.length > 0),
    })),
  }
}
