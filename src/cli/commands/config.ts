import type { Command } from 'commander'
import { describeConfig } from '../../runtime/config.ts'
import type { EffectiveSetting } from '../../runtime/config.ts'
import { EXIT_CODES } from '../client/cliError.ts'
import { printJson, runCommand } from '../client/runCommand.ts'

export function registerConfig(program: Command): void {
  program
    .command('config')
    .description("show a component's settings, and how `signalbox up` changes them")
    .option(
      '--json',
      'print a list of { name, value, default, source, underUp, readBy, expected, explanation }',
    )
    .action((options: { json?: boolean }) =>
      runCommand(options, async () => {
        const settings = describeConfig()
        if (options.json) printJson(settings)
        else process.stdout.write(settings.map((setting) => settingText(setting)).join('\n'))
        return EXIT_CODES.ok
      }),
    )
}

function settingText(setting: EffectiveSetting): string {
  const { name, value, source, underUp, readBy, expected, explanation } = setting
  const where = source === 'default' ? '' : `   (from ${source})`
  const ofUp = underUp === undefined ? '' : `   (signalbox up: ${underUp})`
  const lines = [
    `${name}=${value}${where}${ofUp}`,
    `    ${explanation}; ${expected}`,
    `    read by ${readBy.join(', ')}`,
  ]
  return `${lines.join('\n')}\n`
}
