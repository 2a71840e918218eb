import type { AllowProgramInput, ProgramQuestion } from '../../shared/contract/environment-setup.ts'
import type { KubernetesSource } from '../../shared/domain/model/environment.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { type FilePorts, readEditable, saveEnvironment } from './environment-files.ts'
import type { LoadedEnvironment } from './environments.ts'
import { Failure } from './failure.ts'
import { type KubeMachine, programOf, readKubeconfigs, userIn } from './kube-contexts.ts'
import type { Files } from './ports.ts'

/**
 * What nobody allowed yet of the programs that an environment's kubeconfigs name now. Runs nothing. A kubeconfig that cannot be read
 * asks nothing here: its source says why.
 */
export async function programQuestions(
  { environment, baseDirectory }: Pick<LoadedEnvironment, 'environment' | 'baseDirectory'>,
  machine: KubeMachine,
  files: Pick<Files, 'readText'>,
): Promise<readonly ProgramQuestion[]> {
  const asked = environment.sources.kubernetes.map((source) => questionOf(source, baseDirectory, machine, files))
  return (await Promise.all(asked)).filter((question) => question !== null)
}

async function questionOf(
  source: KubernetesSource,
  baseDirectory: string,
  machine: KubeMachine,
  files: Pick<Files, 'readText'>,
): Promise<ProgramQuestion | null> {
  if (source.inCluster === true) return null
  const paths = source.kubeconfig === undefined ? machine.files : [machine.absolute(source.kubeconfig, baseDirectory)]
  const { read } = await readKubeconfigs(paths, files)
  const name = source.context ?? read.map(({ content }) => content['current-context']).find((context) => context)
  const context = read.flatMap(({ content }) => content.contexts).find((one) => one.name === name)?.context
  const found = context?.user ? userIn(read, context.user) : undefined
  if (!name || !context?.user || !found?.user?.exec) return null
  const program = programOf(found.user.exec, found.path, machine.digest)
  const { allowExec } = source
  if (allowExec === program.mark) return null
  const why = typeof allowExec === 'string' ? 'changed' : allowExec === true ? 'unmarked' : 'never'
  return { source: source.id, context: name, user: context.user, file: found.path, program, why }
}

/** Writes the mark of a program that somebody saw into environment.yaml, and nothing else there changes. */
export async function allowProgram(
  { environment, source, mark }: AllowProgramInput,
  machine: KubeMachine,
  ports: FilePorts,
): Promise<readonly ProgramQuestion[]> {
  await ports.registry.refresh()
  const { draft, version } = await readEditable(environment, ports)
  const { baseDirectory } = ports.registry.get(environment)
  const written = environmentSchema.parse(draft)
  const questions = await programQuestions({ environment: written, baseDirectory }, machine, ports.files)
  const asked = questions.find((one) => one.source === source)
  if (asked === undefined || asked.program.mark !== mark) {
    throw new Failure(
      'conflict',
      source,
      asked === undefined
        ? `The kubeconfig of ${source} asks for no program to be allowed.`
        : `The kubeconfig of ${source} names another program now than the one that was shown.`,
      'Look again at what would run.',
    )
  }
  const kubernetes = written.sources.kubernetes.map((one) => (one.id === source ? { ...one, allowExec: mark } : one))
  const allowed = { ...written, sources: { ...written.sources, kubernetes } }
  await saveEnvironment({ draft: allowed, edits: { environment, version } }, ports)
  return questions.filter((one) => one !== asked)
}
