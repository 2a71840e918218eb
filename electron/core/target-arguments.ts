/** Words of a command as the container has it; a script in one argument (`sh -c "…"`) is taken apart. */
function wordsOf(command: readonly string[]): readonly string[] {
  return command.flatMap((part) => (/\s/.test(part) ? part.split(/[\s;|&]+/) : [part])).filter((word) => word !== '')
}

const shells = /(^|\/)(ba|da|a|z)?sh$/
/** What only starts something else: entry points, init programs, `env A=b`. */
const launchers =
  /^(exec|nohup|sudo|env|--|[A-Za-z_]\w*=.*)$|(^|\/)(tini|dumb-init|su-exec|gosu|[\w.-]*entrypoint[\w.-]*)$/

/** The commands that are run, each as its words: one, or those of a script (`sh -c "a; exec b"`). */
function commandsOf(command: readonly string[]): readonly (readonly string[])[] {
  const isScript = shells.test(command[0] ?? '')
  const flag = isScript ? command.findIndex((word) => /^-[a-z]*c$/.test(word)) : -1
  if (flag === -1) return [command]
  const script = command.slice(flag + 1).join(' ')
  return script.split(/[;|&\n]+/).map((one) => one.split(/\s+/).filter((word) => word !== ''))
}

/** True when the command runs `program`, by whatever path; with a subcommand, when that comes after it. */
export function runsProgram(command: readonly string[], program: string, subcommand: string | null): boolean {
  return commandsOf(command).some((words) => {
    const start = words.findIndex((word) => !launchers.test(word))
    const run = words[start] ?? ''
    const isIt = run === program || run.endsWith(`/${program}`)
    return isIt && (subcommand === null || words.slice(start + 1).includes(subcommand))
  })
}

/** True when nothing says what the program is asked to do, or when it is asked for this. */
export function mayDo(command: readonly string[], subcommand: string | null): boolean {
  return subcommand === null || command.length === 0 || wordsOf(command).includes(subcommand)
}

/** `--addr=x`, `--addr x`; the last one counts, as with most programs. null: it is not there. */
export function argumentValue(command: readonly string[], argument: string): string | null {
  const words = wordsOf(command)
  const values = words.flatMap((word, index) => {
    if (word.startsWith(`${argument}=`)) return [word.slice(argument.length + 1)]
    const next = words[index + 1]
    return word === argument && next !== undefined && !next.startsWith('-') ? [next] : []
  })
  return values.at(-1) ?? null
}

/** The port of `8181`, `:8181`, `0.0.0.0:8181`, `[::]:8181`, `http://0.0.0.0:8181`; `usual` for a host alone; null for a socket. */
export function portOfAddress(address: string, usual: number | null): number | null {
  const text = address.replace(/^["']|["']$/g, '')
  if (text.startsWith('unix:') || text.startsWith('/')) return null
  const digits =
    /^(?:[a-z]+:\/\/)?(?:\[[^\]]*\]|[^:/\s]*):(\d{1,5})(?:\/.*)?$/.exec(text)?.[1] ?? /^\d{1,5}$/.exec(text)?.[0]
  if (digits === undefined) return usual
  const port = Number(digits)
  return port > 0 && port < 65_536 ? port : null
}
