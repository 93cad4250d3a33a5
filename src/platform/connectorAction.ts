// What operators do with a connector that carries messages. Each action changes a few fields, which
// `apply` could change as well, and is refused where it would not do what its name says.

import type { Connector } from './connector.ts'

export const SIMPLE_ACTIONS = ['pause', 'resume', 'enable', 'disable', 'purge'] as const

export type ConnectorAction = { readonly kind: (typeof SIMPLE_ACTIONS)[number] } | MoveAction

interface MoveAction {
  readonly kind: 'move'
  /** The connector that takes the messages over; undefined if the named one does not exist. */
  readonly target: Connector | undefined
  readonly to: string
}

export type ActionOutcome =
  | { readonly kind: 'changed'; readonly connector: Connector }
  | { readonly kind: 'refused'; readonly detail: string }

/** enabled: submits; paused: only accepts; disabled: neither. */
export function connectorState({ enabled, paused }: Connector): 'enabled' | 'paused' | 'disabled' {
  if (!enabled) return 'disabled'
  return paused ? 'paused' : 'enabled'
}

export function afterAction(connector: Connector, action: ConnectorAction): ActionOutcome {
  const { enabled, id } = connector
  const name = `connector "${id}"`
  switch (action.kind) {
    case 'enable':
      return changed({ ...connector, enabled: true, waiting: 'keep' })
    case 'disable':
      return changed({ ...connector, enabled: false, waiting: 'keep' })
    case 'pause':
      if (!enabled) return refused(`${name} is disabled and submits nothing already`)
      return changed({ ...connector, paused: true })
    case 'resume':
      if (!enabled) return refused(`${name} is disabled: \`signalbox connector enable ${id}\``)
      return changed({ ...connector, paused: false })
    case 'purge':
      if (enabled) return refused(inService(id))
      return changed({ ...connector, waiting: 'purge' })
    case 'move':
      return afterMove(connector, action)
  }
}

function afterMove(connector: Connector, { target, to }: MoveAction): ActionOutcome {
  const { enabled, id } = connector
  if (enabled) return refused(inService(id))
  if (to === id) return refused('messages are moved to another connector: name a different one')
  if (!target) return refused(`there is no connector "${to}": \`signalbox connector list\``)
  if (!target.enabled) return refused(`connector "${to}" is disabled, so it would not send them`)
  return changed({ ...connector, waiting: { moveTo: to } })
}

function inService(id: string): string {
  return (
    `connector "${id}" is enabled and accepts messages: disable it first with ` +
    `\`signalbox connector disable ${id}\``
  )
}

function changed(connector: Connector): ActionOutcome {
  return { kind: 'changed', connector }
}

function refused(detail: string): ActionOutcome {
  return { kind: 'refused', detail }
}
