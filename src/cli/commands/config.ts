import type { Command } from 'commander'
import { describeConfig } from '../../runtime/config.ts'
import type { EffectiveSetting } from '../../runtime/config.ts'
import { EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

export function registerConfig(program: Command): void {
  program
    .command('config')
    .description('the settings in force here, where each comes from, and what it may be')
    .option('--json', 'print a list of { name, value, default, source, expected, explanation }')
    .action((options: { json?: boolean }) =>
      runCommand(options, async () => {
        const settings = describeConfig()
        if (options.json) printJson(settings)
        else process.stdout.write(settings.map((setting) => settingText(setting)).join('\n'))
        return EXIT_CODES.ok
      }),
    )
}

function settingText({ name, value, source, expected, explanation }: EffectiveSetting): string {
  const where = source === 'default' ? '' : `   (from ${source})`
  return `${name}=${value}${where}\n    ${explanation}; ${expected}\n`
}
