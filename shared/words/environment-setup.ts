import type {
  ContextProblem,
  CredentialProgram,
  KubeUserKind,
  ProgramQuestion,
  ProposedUse,
  RoleKind,
} from '../contract/environment-setup.ts'

const users: Readonly<Record<KubeUserKind, string>> = {
  'client-certificate': 'a client certificate',
  token: 'a token in the kubeconfig',
  'token-file': 'a token in a file',
  exec: 'a program that fetches credentials',
  'auth-provider': 'an auth provider of an old kind',
  basic: 'a user name and password',
  'service-account': 'the token of its service account',
  none: 'no credentials',
}

/** "a client certificate" */
export function kubeUserWords(kind: KubeUserKind): string {
  return users[kind]
}

/** "There is no cluster “eu” in the kubeconfig." */
export function contextProblemSentence({ code, name }: ContextProblem): string {
  switch (code) {
    case 'no-cluster':
      return `The kubeconfig names a cluster “${name}” that it does not have.`
    case 'no-user':
      return `The kubeconfig names a user “${name}” that it does not have.`
    case 'not-https':
      return `The server of “${name}” is not reached by https. Everyhop sends credentials over https only.`
    case 'tls-not-verified':
      return `“${name}” says insecure-skip-tls-verify. Name its CA in certificate-authority instead: what nobody verified proves nothing.`
    case 'as-groups':
      return `The user “${name}” asks as other groups, which Everyhop does not do.`
    case 'old-provider':
      return `The user “${name}” has an auth-provider of the old kind, which kubectl does not have any more either. Replace it by an exec plugin: gke-gcloud-auth-plugin for gcp, kubelogin for azure.`
    default:
      return 'Everyhop does not run in a pod.'
  }
}

const questions: Readonly<Record<ProgramQuestion['why'], string>> = {
  never: 'gets its credentials by running a program, which nobody allowed yet',
  unmarked: 'runs a program that was allowed by a version of Everyhop which did not keep what it allowed',
  changed: 'wants to run something else than what was allowed: another program, other arguments or other variables',
}

/** "The kubeconfig of cluster wants to run another program … Nothing ran, and nothing of it is read." */
export function programQuestionSentence({ source, why }: Pick<ProgramQuestion, 'source' | 'why'>): string {
  return `The kubeconfig of ${source} ${questions[why]}. Nothing ran, and nothing of ${source} is read until you allow it.`
}

/** The command as it would be typed; words that a shell would take apart are quoted. */
export function programText({ command, arguments: words }: Pick<CredentialProgram, 'command' | 'arguments'>): string {
  return [command, ...words]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}

const uses: Readonly<Record<ProposedUse, string>> = {
  read: 'will be read',
  'needs-identity': 'needs an identity',
  'needs-port': 'no port says where it is asked',
  'told-only': 'helps to explain, and is not asked',
}

export function proposedUseWords(use: ProposedUse): string {
  return uses[use]
}

const roles: Readonly<Record<RoleKind, string>> = {
  kubernetes:
    'Give this to whoever administers the cluster, to apply with kubectl apply -f. It lets Everyhop read, and nothing else.',
  spire:
    'Append this rule to the authorisation policy of the SPIRE server. It lets Everyhop list, get and count, and nothing else.',
  vault:
    'Give these rules to the role that Everyhop signs in with. They let Everyhop read how Vault is set up, and no secret.',
}

/** What to do with a text of rights. */
export function roleAdvice(kind: RoleKind): string {
  return roles[kind]
}
