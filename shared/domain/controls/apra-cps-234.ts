import type { FrameworkControls } from './control.ts'

/** APRA CPS 234 Information Security, in force since 1 July 2019. Only paragraph 21: the others speak of people and plans. */
export const apraCps234: FrameworkControls = {
  framework: {
    id: 'apra-cps-234',
    name: 'APRA CPS 234',
    edition: '2019',
    note: 'Testing by functionally independent specialists (paragraph 30) is not shown by a pack that the operating team makes.',
  },
  controls: [
    {
      id: 'cps234-p21',
      control: '§21',
      title: 'Controls that protect information assets, in time and in proportion to what they protect',
      direct: [
        'policy-definitions',
        'svid-issuance',
        'pipeline-integrity',
        'jit-credentials',
        'binary-authorisation',
        'mtls-coverage',
        'decisions',
      ],
      supporting: ['trust-graph', 'diagnoses', 'actions'],
      note: 'Proportion needs the criticality, sensitivity and life-cycle stage of each asset, which are not in this pack.',
      uncertain: false,
    },
  ],
}
