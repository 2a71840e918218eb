import type { FrameworkControls } from './control.ts'

/**
 * Regulation (EU) 2024/1689 as changed by (EU) 2026/1744. Only Article 9, as the pattern asks; a pack supports a risk management
 * system and is none.
 */
export const euAiAct: FrameworkControls = {
  framework: {
    id: 'eu-ai-act',
    name: 'EU AI Act',
    edition: '2024/1689, as changed by 2026/1744',
    note: 'Logs of authorisation between services are not the event log of an AI system (Article 12) by themselves.',
  },
  controls: [
    {
      id: 'aia-art9',
      control: 'Art. 9',
      title: 'Risks are managed over the whole life of the system',
      direct: [],
      supporting: [
        'policy-definitions',
        'svid-issuance',
        'pipeline-integrity',
        'jit-credentials',
        'binary-authorisation',
        'decisions',
        'mtls-coverage',
      ],
      note: 'Preparatory. It binds high-risk systems only: from 2 December 2027 those of Annex III, from 2 August 2028 those of Annex I.',
      uncertain: true,
    },
  ],
}
