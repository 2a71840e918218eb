import type { FrameworkControls } from './control.ts'

/** Annex A of ISO/IEC 27001:2022, by number, with titles of our own. */
export const iso27001: FrameworkControls = {
  framework: {
    id: 'iso-27001',
    name: 'ISO/IEC 27001',
    edition: '2022',
    note: 'The statement of applicability says which controls of Annex A apply; a control is no requirement by itself.',
  },
  controls: [
    control('A.5.15', 'Rules for access', ['policy-definitions', 'decisions'], []),
    control('A.5.16', 'Identities over their whole life', ['svid-issuance'], []),
    control('A.5.17', 'Secrets that authenticate', ['svid-issuance', 'jit-credentials'], []),
    control('A.5.18', 'Rights given, reviewed and taken back', ['jit-credentials'], ['actions']),
    control('A.5.21', 'Security in the supply chain of ICT', ['binary-authorisation'], ['pipeline-integrity']),
    control('A.8.2', 'Privileged rights', ['jit-credentials'], []),
    control('A.8.3', 'Access to information is restricted', ['policy-definitions', 'decisions'], []),
    control(
      'A.8.9',
      'Configuration is set and watched',
      [],
      ['policy-definitions', 'trust-graph', 'binary-authorisation'],
    ),
    control('A.8.15', 'Logs are made and kept', ['svid-issuance', 'decisions', 'jit-credentials'], ['actions']),
    control('A.8.16', 'Networks and systems are watched', ['pipeline-integrity'], ['diagnoses', 'decisions']),
    control('A.8.19', 'What is installed on running systems', ['binary-authorisation'], []),
    control('A.8.20', 'Networks are protected', ['mtls-coverage'], []),
    control('A.8.24', 'Cryptography is used by rule', ['mtls-coverage', 'svid-issuance'], []),
    control('A.8.32', 'Changes are managed', ['policy-definitions', 'actions'], []),
  ],
}

function control(
  number: string,
  title: string,
  direct: FrameworkControls['controls'][number]['direct'],
  supporting: FrameworkControls['controls'][number]['supporting'],
): FrameworkControls['controls'][number] {
  return { id: `iso27001-${number}`, control: number, title, direct, supporting, note: '', uncertain: false }
}
