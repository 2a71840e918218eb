import type { FrameworkControls } from './control.ts'

/**
 * OWASP Top 10 for LLM Applications, 2025, CC BY-SA 4.0, with the ids of 2023 that the governance papers use. What no log of
 * identities and decisions can show is left out: prompt injection, output handling, leaked system prompts, misinformation.
 */
export const owaspLlm: FrameworkControls = {
  framework: {
    id: 'owasp-llm',
    name: 'OWASP LLM Top 10',
    edition: '2025',
    note: 'LLM01, LLM05, LLM07 and LLM09 are not supported by anything in this pack.',
  },
  controls: [
    {
      id: 'llm02-2025',
      control: 'LLM02:2025 (2023: LLM06)',
      title: 'Sensitive information disclosure',
      direct: [],
      supporting: ['mtls-coverage', 'jit-credentials', 'decisions'],
      note: 'Only what travels between services; not what a model says.',
      uncertain: false,
    },
    {
      id: 'llm03-2025',
      control: 'LLM03:2025 (2023: LLM05)',
      title: 'Supply chain',
      direct: ['binary-authorisation', 'pipeline-integrity'],
      supporting: ['trust-graph'],
      note: '',
      uncertain: false,
    },
    {
      id: 'llm04-2025',
      control: 'LLM04:2025 (2023: LLM03)',
      title: 'Data and model poisoning',
      direct: [],
      supporting: ['pipeline-integrity'],
      note: 'Signatures between stages show that outputs were not changed on their way, not that data was sound.',
      uncertain: false,
    },
    {
      id: 'llm06-2025',
      control: 'LLM06:2025 (2023: LLM08)',
      title: 'Excessive agency',
      direct: ['jit-credentials'],
      supporting: ['policy-definitions', 'decisions', 'svid-issuance'],
      note: '',
      uncertain: false,
    },
    {
      id: 'llm08-2025',
      control: 'LLM08:2025 (new in 2025)',
      title: 'Vector and embedding weaknesses',
      direct: [],
      supporting: ['decisions', 'mtls-coverage'],
      note: 'Only who may call the vector store.',
      uncertain: true,
    },
    {
      id: 'llm10-2025',
      control: 'LLM10:2025 (2023: LLM04, LLM10)',
      title: 'Unbounded consumption',
      direct: [],
      supporting: ['decisions'],
      note: 'Theft of models, LLM10 of 2023, is part of it: only authorised callers reached the model server.',
      uncertain: false,
    },
  ],
}
