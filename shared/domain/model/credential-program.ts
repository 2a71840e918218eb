/** `exec` of a kubeconfig's user (kubernetes.io/docs/reference/config-api/kubeconfig.v1, ExecConfig): what decides about what runs. */
export interface ExecProgram {
  readonly command: string
  readonly args?: readonly string[] | null | undefined
  readonly env?: readonly { readonly name: string; readonly value?: string | null | undefined }[] | null | undefined
}

/** How an operator's permission stands in environment.yaml: the SHA-256 of `permittedText`. */
export const programMark = /^sha256:[0-9a-f]{64}$/

/**
 * The text whose digest a permission is for. Whatever changes what runs changes it: the command, its arguments, names and values of
 * its variables, and for a command that is relative to the kubeconfig the folder of that.
 * @param file absolute path of the kubeconfig that names the program.
 */
export function permittedText({ command, args, env }: ExecProgram, file: string): string {
  return JSON.stringify([
    command,
    isRelativePath(command) ? folderOf(file) : null,
    args ?? [],
    (env ?? []).map(({ name, value }) => [name, value ?? '']),
  ])
}

/** As kubectl: a bare name is looked for on PATH, a path that is not absolute is relative to the kubeconfig. */
export function isRelativePath(command: string): boolean {
  return /[/\\]/.test(command) && !/^([/\\]|[A-Za-z]:[/\\])/.test(command)
}

function folderOf(file: string): string {
  return file.replace(/[/\\][^/\\]*$/, '')
}
