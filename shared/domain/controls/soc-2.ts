import type { FrameworkControls } from './control.ts'

/** AICPA Trust Services Criteria of 2017 with the points of focus of 2022: criteria, and no controls. */
export const soc2: FrameworkControls = {
  framework: {
    id: 'soc-2',
    name: 'SOC 2 (TSC)',
    edition: '2017, points of focus 2022',
    note: 'Samples and their sizes are chosen by the service auditor.',
  },
  controls: [
    {
      id: 'soc2-CC6.3',
      control: 'CC6.3',
      title: 'Access is given, changed and taken back by role and least privilege',
      direct: ['jit-credentials'],
      supporting: ['policy-definitions', 'svid-issuance', 'decisions', 'mtls-coverage', 'actions'],
      note: 'Of services. Access of people is not in this pack.',
      uncertain: false,
    },
  ],
}
