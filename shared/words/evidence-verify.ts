import type { VerifyResult, VerifyStep } from '../domain/evidence/model.ts'
import { completenessWords, integrityWords } from './evidence.ts'

/** What each step of a verification looks at. */
export const verifyStepWords: Readonly<Record<VerifyStep['step'], string>> = {
  container: 'ZIP and names in it',
  signature: 'Organisation key, from outside the pack',
  statement: 'Statement names this pack',
  'tag-manifest': 'Files about the pack',
  'payload-manifest': 'Files of the pack',
  'file-set': 'Nothing added, nothing missing',
  schema: 'Written as version 1 says',
  artefacts: 'Lines, figures and states',
  seals: 'Seals of what was collected',
  chain: 'Chain of heads',
  sample: 'Samples drawn again',
  'previous-pack': 'Pack before this one',
  secrets: 'Secret scan',
}

export const verifyOutcomeWords: Readonly<Record<VerifyStep['outcome'], string>> = {
  passed: 'passed',
  failed: 'FAILED',
  'not-checked': 'not checked',
}

/** Both statements of a verification, as one would say them. */
export function verdictSentence(result: VerifyResult): string {
  const pack = result.packId ?? 'This pack'
  if (result.integrity === 'intact') {
    if (result.completeness === 'complete') return `${pack} is intact and complete.`
    return `${pack} is intact, ${result.gaps.length === 0 ? 'but' : 'with'} ${completenessWords(result)}.`
  }
  const known = result.integrity === 'not-intact' ? 'Do not rely on anything in it.' : 'Nothing is known of it yet.'
  return `${pack} is ${integrityWords(result)}. ${known}`
}

/**
 * For a shell in the folder of the ZIP, with verify.py and the key beside it: put into the unpacked folder they would be files that no
 * manifest lists.
 */
export function checkCommands(packId: string, file: string): string {
  return [
    `python3 verify.py ${file} --key org-evidence.pub.pem`,
    `unzip ${file} && cd ${packId}`,
    'sha256sum -c --quiet tagmanifest-sha256.txt',
    'sha256sum -c --quiet manifest-sha256.txt',
  ].join('\n')
}
