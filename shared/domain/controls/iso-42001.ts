import type { FrameworkControls } from './control.ts'

const readSecondHand = 'The number was checked against secondary lists only; several of those number Annex A wrongly.'

/** Annex A of ISO/IEC 42001:2023, by number, with titles of our own. */
export const iso42001: FrameworkControls = {
  framework: {
    id: 'iso-42001',
    name: 'ISO/IEC 42001',
    edition: '2023',
    note: 'The statement of applicability says which controls of Annex A apply.',
  },
  controls: [
    {
      id: 'iso42001-A.4.2',
      control: 'A.4.2',
      title: 'Resources of the AI system are written down',
      direct: ['trust-graph'],
      supporting: [],
      note: readSecondHand,
      uncertain: true,
    },
    {
      id: 'iso42001-A.4.5',
      control: 'A.4.5',
      title: 'Systems and computing that the AI system needs',
      direct: ['trust-graph'],
      supporting: ['svid-issuance'],
      note: readSecondHand,
      uncertain: true,
    },
    {
      id: 'iso42001-A.6.2.6',
      control: 'A.6.2.6',
      title: 'The AI system is operated and watched',
      direct: [],
      supporting: ['policy-definitions', 'pipeline-integrity', 'mtls-coverage', 'diagnoses', 'actions'],
      note: readSecondHand,
      uncertain: true,
    },
    {
      id: 'iso42001-A.6.2.8',
      control: 'A.6.2.8',
      title: 'Events of the AI system are logged',
      direct: ['decisions'],
      supporting: ['svid-issuance', 'jit-credentials'],
      note: `Decisions on the way of inference; what a model was asked and said is not collected. ${readSecondHand}`,
      uncertain: true,
    },
    {
      id: 'iso42001-A.7.5',
      control: 'A.7.5',
      title: 'Where data comes from',
      direct: [],
      supporting: ['pipeline-integrity'],
      note: `Signatures between stages, not the origin of training data. ${readSecondHand}`,
      uncertain: true,
    },
    {
      id: 'iso42001-A.10.3',
      control: 'A.10.3',
      title: 'Suppliers of the AI system',
      direct: [],
      supporting: ['binary-authorisation'],
      note: readSecondHand,
      uncertain: true,
    },
  ],
}
