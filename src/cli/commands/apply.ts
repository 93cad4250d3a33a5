import type { Command } from 'commander'
import { deletionCounts } from '../../platform/deletionCounts.ts'
import { purgedConnectors } from '../../platform/purgedConnectors.ts'
import { changesSchema, findAdmin, withAdminOptions } from '../client/adminClient.ts'
import type { AdminClient, AdminOptions, PlatformChange } from '../client/adminClient.ts'
import { changesSummary, changesText } from '../client/changesText.ts'
import { CliError, EXIT_CODES } from '../client/cliError.ts'
import { confirm, terminal } from '../client/confirm.ts'
import { ProblemResponse } from '../client/httpCall.ts'
import { readPlatformFile, withPlaces } from '../client/platformFile.ts'
import type { PlatformFile } from '../client/platformFile.ts'
import { isStale, refreshAdvice, staleness } from '../client/revisionText.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

interface ApplyOptions extends AdminOptions {
  readonly file: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

interface Changes {
  readonly revision: number
  readonly changes: readonly PlatformChange[]
}

/** The maximum number of plans. A new plan is made if another user changes the platform. */
const ATTEMPTS_MAX = 5

const HELP = `
The file describes the whole platform: resources that it does not name are deleted. Deletions and
purges are listed, and need --yes or confirmation on the terminal.

A file with a revision, as written by \`export\`, is refused if the platform has changed since that
revision, because applying the file would undo the change. A file without a revision is not checked.

Exit codes: 0 applied, or nothing to do; 2 error; 3 refused (old revision, or not confirmed)`

export function registerApply(program: Command): void {
  withAdminOptions(program.command('apply'))
    .description('make the platform match a YAML file; resources that it does not name are deleted')
    .requiredOption('-f, --file <file>', 'platform as YAML; - reads stdin')
    .option('--dry-run', 'only show what would change')
    .option('--yes', 'confirm all deletions and purges in advance')
    .option('--force', "apply even if the file's revision is not the platform's current revision")
    .option('--json', 'print { revision, changes, deletions, purges }')
    .addHelpText('after', HELP)
    .action((options: ApplyOptions) => runCommand(options, () => apply(options)))
}

async function apply(options: ApplyOptions): Promise<number> {
  const platform = await readPlatformFile(options.file)
  const admin = await findAdmin(options)
  for (let attempt = 1; ; attempt++) {
    const plan = await post(admin, platform, { dryRun: true })
    if (plan.changes.length === 0 || options.dryRun) return report(options, platform, plan)
    refuseStale(options, platform, plan)
    if (!options.json) process.stdout.write(changesText(plan.changes))
    await refuseLosses(options, plan.changes)
    try {
      // The server refuses this if the platform has changed since the confirmed plan was made.
      const done = await post(admin, platform, { dryRun: false, ifRevision: plan.revision })
      return reportDone(options, platform, done)
    } catch (error) {
      if (!(error instanceof ProblemResponse) || error.status !== 412) throw error
      if (attempt === ATTEMPTS_MAX) throw refused('CHANGED', error.message)
      process.stderr.write('signalbox: someone else changed the platform; trying again\n')
    }
  }
}

async function post(
  admin: AdminClient,
  platform: PlatformFile,
  { dryRun, ifRevision }: { readonly dryRun: boolean; readonly ifRevision?: number },
): Promise<Changes> {
  const answer = await withPlaces(platform, () =>
    admin.post(`/platform/apply?dryRun=${dryRun}`, platform.document, ifRevision),
  )
  return changesSchema.parse(answer.body)
}

function refuseStale({ force }: ApplyOptions, platform: PlatformFile, { revision }: Changes): void {
  if (force || !isStale(platform, revision)) return
  throw refused(
    'CHANGED',
    `${staleness(platform, revision)}. Run \`signalbox diff -f ${platform.name}\` to see what ` +
      'the file would undo. Then export the platform again and repeat your change, or pass --force',
  )
}

async function refuseLosses(
  { yes, json }: ApplyOptions,
  changes: readonly PlatformChange[],
): Promise<void> {
  const losses = lossesOf(changes)
  const [first] = losses
  if (!first || yes) return
  const asked = json ? undefined : terminal()
  const what = losses.map((loss) => loss.what).join(' and ')
  if (asked && (await confirm(asked, `This ${what}. Continue?`))) return
  const advice = asked ? 'Change the file' : 'Pass --yes to confirm, or change the file'
  const why = losses.map((loss) => loss.what + loss.why).join(', and ')
  throw refused(first.code, `nothing was changed: this ${why}. ${advice}`)
}

interface Loss {
  readonly code: 'DELETIONS' | 'PURGES'
  readonly what: string
  readonly why: string
}

function lossesOf(changes: readonly PlatformChange[]): Loss[] {
  const losses: Loss[] = []
  const deletions = deletionCounts(changes)
  if (deletions.length > 0)
    losses.push({
      code: 'DELETIONS',
      what: `deletes ${deletions.join(', ')}`,
      why: ', because the file does not name them',
    })
  const purges = purgedConnectors(changes)
  if (purges.length > 0)
    losses.push({
      code: 'PURGES',
      what: `discards the messages that wait for ${purges.join(', ')}`,
      why: ', because the file sets waiting: purge',
    })
  return losses
}

function refused(code: string, message: string): CliError {
  return new CliError(message, { code, exitCode: EXIT_CODES.refused })
}

/** Reports a dry run, or a file that changes nothing. */
function report(options: ApplyOptions, platform: PlatformFile, plan: Changes): number {
  const { revision, changes } = plan
  const deletions = deletionCounts(changes)
  const purges = purgedConnectors(changes)
  if (options.json) {
    printJson({ revision, changes, deletions, purges })
    return EXIT_CODES.ok
  }
  const stale = isStale(platform, revision) ? `${staleness(platform, revision)}.\n` : ''
  const text = options.dryRun
    ? `${changesText(changes)}Dry run: ${changesSummary(changes, false)}; nothing was written.\n` +
      (deletions.length > 0 ? `Deletions: ${deletions.join(', ')}.\n` : '') +
      (purges.length > 0 ? `Connectors to be purged: ${purges.join(', ')}.\n` : '') +
      stale
    : `Nothing to do: the platform matches the file (revision ${revision}).\n` +
      refreshAdvice(platform, revision)
  process.stdout.write(text)
  return EXIT_CODES.ok
}

function reportDone({ json }: ApplyOptions, platform: PlatformFile, done: Changes): number {
  const { revision, changes } = done
  const [deletions, purges] = [deletionCounts(changes), purgedConnectors(changes)]
  if (json) printJson({ revision, changes, deletions, purges })
  else
    process.stdout.write(
      `Applied as revision ${revision}: ${changesSummary(changes, true)}.\n` +
        refreshAdvice(platform, revision),
    )
  return EXIT_CODES.ok
}
