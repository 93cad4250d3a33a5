import type { Command } from 'commander'
import { deletionCounts } from '../../platform/deletionCounts.ts'
import { changesSchema, findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminOptions } from '../client/adminClient.ts'
import { changesSummary, changesText } from '../client/changesText.ts'
import { EXIT_CODES } from '../client/cliError.ts'
import { readPlatformFile, withPlaces } from '../client/platformFile.ts'
import { isStale, staleness } from '../client/revisionText.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface DiffOptions extends AdminOptions {
  readonly file: string
  readonly json?: boolean
}

export function registerDiff(program: Command): void {
  withAdminOptions(program.command('diff'))
    .description('show what `apply` would change; exit codes: 0 no changes, 1 changes, 2 error')
    .requiredOption('-f, --file <file>', 'platform as YAML; - reads stdin')
    .option('--json', 'print { revision, changes, deletions }')
    // By default a usage error exits with code 1, which here means "changes".
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.error))
    .action((options: DiffOptions) => runCommand(options, () => diff(options)))
}

async function diff(options: DiffOptions): Promise<number> {
  const platform = await readPlatformFile(options.file)
  const admin = await findAdmin(options)
  const answer = await withPlaces(platform, () => admin.post('/platform/diff', platform.document))
  const { revision, changes } = changesSchema.parse(answer.body)
  if (options.json) printJson({ revision, changes, deletions: deletionCounts(changes) })
  else {
    const summary = changesSummary(changes, false)
    const stale = isStale(platform, revision)
      ? `${staleness(platform, revision)}; \`apply\` refuses it without --force.\n`
      : ''
    process.stdout.write(
      `${changesText(changes)}${summary[0]?.toUpperCase()}${summary.slice(1)}.\n${stale}`,
    )
  }
  return changes.length === 0 ? EXIT_CODES.ok : EXIT_CODES.changes
}
