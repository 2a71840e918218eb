/** What others use of the verification of evidence packs. */
export { auditorReadme, verifyScript } from './auditor-readme.ts'
export { type VerifyInput, verifyPack, verifyWithKeyFile } from './verify-pack.ts'
