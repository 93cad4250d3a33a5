import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { z } from 'zod'
import { findAdmin, revisionOf, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions } from '../client/adminClient.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface ExportOptions extends AdminOptions {
  readonly file?: string
  readonly withSecrets?: boolean
  readonly json?: boolean
}

/**
 * This command does not validate the document. The server validates it, and may be newer than this
 * command.
 */
const documentSchema = z.looseObject({})
const HEAD = `# The platform. \`signalbox apply\` accepts this file unless the platform
# has changed since the revision below.
`

export function registerExport(program: Command): void {
  withAdminOptions(program.command('export'))
    .description('write the platform as a YAML file for `apply`')
    .option('-f, --file <file>', 'write to this file instead of stdout')
    .option('--with-secrets', "show connectors' passwords instead of (hidden)")
    .option('--json', 'write JSON instead of YAML')
    .action((options: ExportOptions) => runCommand(options, () => exportPlatform(options)))
}

async function exportPlatform(options: ExportOptions): Promise<number> {
  const { file, withSecrets = false, json } = options
  const admin = await findAdmin(options)
  const answer = await admin.get(`/platform?secrets=${withSecrets}`)
  const revision = revisionOf(answer)
  const document = {
    ...(revision !== undefined && { revision }),
    ...documentSchema.parse(answer.body),
  }
  if (json && file === undefined) {
    printJson(document)
    return EXIT_CODES.ok
  }
  const text = json ? `${JSON.stringify(document, null, 2)}\n` : yamlText(document, withSecrets)
  if (file === undefined) process.stdout.write(text)
  else await writeOrExplain(file, text)
  return EXIT_CODES.ok
}

function yamlText(document: object, withSecrets: boolean): string {
  const secrets = withSecrets
    ? '# This file contains passwords. Protect it accordingly.\n'
    : '# Passwords shown as (hidden) stay unchanged when you apply this file.\n'
  return `${HEAD}${secrets}${stringify(document)}`
}

/** Only the owner may read the file, because even password hashes need protection. */
async function writeOrExplain(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code ?? 'FILE'
    throw new CliError(`${file} cannot be written: ${cause.message}`, { code, cause })
  })
  process.stderr.write(`signalbox: wrote ${file}\n`)
}
