import type { Command } from 'commander'
import { changesSchema, findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions } from '../client/adminClient.ts'
import { changesSummary, changesText } from '../client/changesText.ts'
import { EXIT_CODES } from '../client/cliError.ts'
import { readPlatformFile, withPlaces } from '../client/platformFile.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface ApplyOptions extends AdminOptions {
  readonly file: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function registerApply(program: Command): void {
  withAdminOptions(program.command('apply'))
    .description('make the platform what a YAML file says; what it does not name is deleted')
    .requiredOption('-f, --file <file>', 'platform as YAML; - reads stdin')
    .option('--dry-run', 'only show what would change')
    .option('--json', 'print { revision, changes }')
    .action((options: ApplyOptions) => runCommand(options, () => apply(options)))
}

async function apply(options: ApplyOptions): Promise<number> {
  const { file, dryRun = false, json } = options
  const platform = await readPlatformFile(file)
  const admin = await findAdmin(options)
  const answer = await withPlaces(platform, () =>
    admin.post(`/platform/apply?dryRun=${dryRun}`, platform.document),
  )
  const { revision, changes } = changesSchema.parse(answer.body)
  if (json) {
    printJson({ revision, changes })
    return EXIT_CODES.ok
  }
  process.stdout.write(changesText(changes))
  const summary = changesSummary(changes, !dryRun)
  const what = dryRun
    ? `Dry run: ${summary}; nothing was written.`
    : changes.length === 0
      ? `Nothing to do: the platform is as the file says (revision ${revision}).`
      : `Applied as revision ${revision}: ${summary}.`
  process.stdout.write(`${what}\n`)
  return EXIT_CODES.ok
}
