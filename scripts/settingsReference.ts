// Makes docs/settings.md from the table of settings.

import { settings } from '../src/runtime/settings.ts'
import type { Setting, UnderUp } from '../src/runtime/setting.ts'
import { code, sentence, tableOf } from './markdownTable.ts'

const OPENING = `# Settings

Made by \`npm run docs\` from the table in the code; change that, not this page.

An environment variable sets how a process runs. What the platform does, such as its accounts and
connectors, is set by [the platform file](platform-file.md) instead. A process reads its settings
when it starts, so a change needs a restart. An empty variable counts as not set. A process with an
unknown \`SIGNALBOX_\` variable or an invalid value does not start, and names every such variable.

\`signalbox config\` shows the value of each setting, where it comes from, and what \`signalbox up\`
uses instead. In the column *read by*, "up" stands for \`signalbox up\`. The other commands read
\`SIGNALBOX_HOME\` and \`SIGNALBOX_ADMIN_TOKEN\` to find the admin API, and \`signalbox migrate\`
reads \`DATABASE_URL\`.

\`\`\`
SIGNALBOX_LOG_LEVEL=debug SIGNALBOX_SMPP_PORT=2780 npx signalbox config
\`\`\``

const EVERY = 'Every component'
const SEVERAL = 'Several components'
const COMPONENTS = settings.databaseUrl.neededBy.length

export function settingsReference(): string {
  const rows: readonly Setting<unknown>[] = Object.values(settings)
  const bySection = Map.groupBy(rows, sectionOf)
  const sections = [EVERY, SEVERAL, 'gateway', 'router', 'workers', 'admin', 'up']
  const unlisted = [...bySection.keys()].filter((title) => !sections.includes(title))
  if (unlisted.length > 0) throw new Error(`list the section ${unlisted.join()} too`)
  const tables = sections.map((title) => section(title, bySection.get(title) ?? []))
  return `${[OPENING, ...tables].join('\n\n')}\n`
}

function sectionOf({ readBy }: Setting<unknown>): string {
  const components = readBy.filter((reader) => reader !== 'up')
  if (components.length === COMPONENTS) return EVERY
  return components.length > 1 ? SEVERAL : (components[0] ?? 'up')
}

function section(title: string, rows: readonly Setting<unknown>[]): string {
  const heads = ['setting', 'default', 'value', 'read by', 'meaning']
  const cells = rows.map((row) => [
    code(row.name),
    defaultOf(row),
    row.expected,
    readersOf(row),
    meaningOf(row),
  ])
  const heading = title === 'up' ? '`signalbox up`' : title
  return [`## ${heading}`, ...tableOf(heads, cells)].join('\n\n')
}

function defaultOf({ fallback, fallbackInWords }: Setting<unknown>): string {
  if (fallbackInWords !== undefined) return fallbackInWords
  const value = fallback({})
  return value === undefined || value === '' ? 'not set' : code(String(value))
}

function readersOf(row: Setting<unknown>): string {
  if (sectionOf(row) !== EVERY) return row.readBy.join(', ')
  return row.readBy.includes('up') ? 'all, up' : 'all'
}

function meaningOf({ explanation, neededBy, secret, underUp }: Setting<unknown>): string {
  const needs = neededBy.length === COMPONENTS ? 'every component' : neededBy.join(' and ')
  return [
    sentence(explanation),
    ...(needs ? [`Required by ${needs}.`] : []),
    ...(secret ? ['May also be a file of this name in `SIGNALBOX_SECRETS_DIR`.'] : []),
    ...(underUp ? [`${underUpWords(underUp)}: ${underUp.value({})}.`] : []),
  ].join(' ')
}

function underUpWords({ always }: UnderUp): string {
  return always ? 'Always set by `signalbox up`' : 'Default under `signalbox up`'
}
