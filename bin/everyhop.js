#!/usr/bin/env node
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  // A checkout brings its own Node 24: npx finds it, a bare shell does not.
  process.stderr.write(
    `everyhop: needs Node 24 or newer, this is ${process.version}. In a checkout, run: npx everyhop\n`,
  )
  process.exit(1)
}

// The reader went away, as in "everyhop graph show | head": nothing is left to do.
process.stdout.on('error', () => process.exit(0))

const { runCommandLine } = await import('../electron/cli/main.ts')
process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})

// A connection to a hanging server must not keep a finished command alive; an answer still being written must.
setInterval(() => {
  if (process.stdout.writableLength === 0) process.exit()
}, 1000).unref()
