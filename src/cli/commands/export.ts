import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions } from '../client/adminClient.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface ExportOptions extends AdminOptions {
  readonly file?: string
  readonly withSecrets?: boolean
  readonly json?: boolean
}

export function registerExport(program: Command): void {
  withAdminOptions(program.command('export'))
    .description('the platform as YAML, which `apply` takes back')
    .option('-f, --file <file>', 'write it there instead of stdout')
    .option('--with-secrets', "show connectors' passwords instead of (hidden)")
    .option('--json', 'JSON instead of YAML')
    .action((options: ExportOptions) => runCommand(options, () => exportPlatform(options)))
}

async function exportPlatform(options: ExportOptions): Promise<number> {
  const { file, withSecrets = false, json } = options
  const admin = await findAdmin(options)
  const { body, etag } = await admin.get(`/platform?secrets=${withSecrets}`)
  if (json && file === undefined) {
    printJson(body)
    return EXIT_CODES.ok
  }
  const revision = etag?.replaceAll('"', '') ?? 'unknown'
  const text = json ? `${JSON.stringify(body, null, 2)}\n` : yamlText(body, revision, withSecrets)
  if (file === undefined) process.stdout.write(text)
  else await writeOrExplain(file, text)
  return EXIT_CODES.ok
}

function yamlText(platform: unknown, revision: string, withSecrets: boolean): string {
  const secrets = withSecrets
    ? '# It holds passwords: keep it where only the right people read it.\n'
    : '# Passwords that read (hidden) stay as they are when this is applied again.\n'
  return `# The platform at revision ${revision}.\n${secrets}${stringify(platform)}`
}

/** Hashes are no passwords, but worth guarding all the same. */
async function writeOrExplain(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code ?? 'FILE'
    throw new CliError(`${file} cannot be written: ${cause.message}`, { code, cause })
  })
  process.stderr.write(`signalbox: wrote ${file}\n`)
}
