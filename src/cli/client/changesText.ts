import { styleText } from 'node:util'
import { resourceTitle } from '../../platform/resourceKinds.ts'
import type { PlatformChange } from './adminClient.ts'

const SIGNS = { create: '+', update: '~', delete: '-' } as const
const COLOURS = { create: 'green', update: 'yellow', delete: 'red' } as const
/** The order of the actions in the summary. */
const ACTIONS = ['create', 'update', 'delete'] as const

/** Formats changes for a terminal. styleText omits colours when stdout is not a terminal. */
export function changesText(changes: readonly PlatformChange[]): string {
  return changes.map(changeText).join('')
}

/**
 * Returns a text such as `1 to create, 2 to delete`. If `done` is true, the text is in the past
 * tense: `1 created, 2 deleted`.
 */
export function changesSummary(changes: readonly PlatformChange[], done: boolean): string {
  const counts = ACTIONS.flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length
    if (count === 0) return []
    return [done ? `${count} ${action}d` : `${count} to ${action}`]
  })
  return counts.length === 0 ? 'no changes' : counts.join(', ')
}

function changeText({ action, kind, id, fields }: PlatformChange): string {
  const head = styleText(COLOURS[action], `${SIGNS[action]} ${resourceTitle(kind, id)}`)
  return `${head}\n${fields.map(fieldText).join('')}`
}

function fieldText({ path, from, to }: PlatformChange['fields'][number]): string {
  const [was, is] = [valueText(from), valueText(to)]
  if (was === undefined) return `    ${path}: ${styleText('green', is ?? '')}\n`
  if (is === undefined) return `    ${path}: ${styleText('red', was)} (removed)\n`
  return `    ${path}: ${styleText('red', was)} → ${styleText('green', is)}\n`
}

function valueText(value: unknown): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
