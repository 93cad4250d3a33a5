// The `signalbox` command. A command's file is loaded only when that command is run, so that the
// process of a component starts quickly and does not hold the code of other components.
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { EXIT_CODES } from './client/cliError.ts'

type Register = (program: Command) => void

/**
 * Each key lists the names of the commands that the function registers, separated by spaces. The
 * help shows the commands in this order.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  up: async () => (await import('./commands/up.ts')).registerUp,
  'gateway router workers dlr admin exporters': async () =>
    (await import('./commands/components.ts')).registerComponents,
  migrate: async () => (await import('./commands/migrate.ts')).registerMigrate,
  config: async () => (await import('./commands/config.ts')).registerConfig,
  apply: async () => (await import('./commands/apply.ts')).registerApply,
  diff: async () => (await import('./commands/diff.ts')).registerDiff,
  export: async () => (await import('./commands/export.ts')).registerExport,
  status: async () => (await import('./commands/status.ts')).registerStatus,
  connector: async () => (await import('./commands/connector.ts')).registerConnector,
  queue: async () => (await import('./commands/queue.ts')).registerQueue,
  send: async () => (await import('./commands/send.ts')).registerSend,
  search: async () => (await import('./commands/search.ts')).registerSearch,
  trace: async () => (await import('./commands/trace.ts')).registerTrace,
  simulate: async () => (await import('./commands/simulate.ts')).registerSimulate,
}

const program = new Command('signalbox')
  .description('an SMPP platform: messages in, the right SMSC out, every receipt back')
  .version(version(), '--version')
  .showHelpAfterError('(signalbox --help lists commands and options)')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.error))

const chosen = Object.entries(COMMANDS).filter(([words]) =>
  words.split(' ').includes(process.argv[2] ?? ''),
)
// If the command name is missing or unknown, the output is the help or a usage error. Both need all
// commands.
const needed = chosen.length > 0 ? chosen : Object.entries(COMMANDS)
for (const [, load] of needed) (await load())(program)
for (const command of program.commands) adviseOwnHelp(command, program.name())
await program.parseAsync()

/** Makes an error in a command's options point to the help of that command. */
function adviseOwnHelp(command: Command, above: string): void {
  const words = `${above} ${command.name()}`
  command.showHelpAfterError(`(${words} --help lists its options)`)
  for (const inner of command.commands) adviseOwnHelp(inner, words)
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  // The file is our own package.json, which has a version.
  return (JSON.parse(text) as { version: string }).version
}
