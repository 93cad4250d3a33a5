// The actions that an operator can take on a connector. Each action changes a few fields of the
// connector. The command `signalbox apply` could also change these fields. An action is refused if
// it would not have the effect that its name promises.

import type { Connector } from './connector.ts'

export const SIMPLE_ACTIONS = ['pause', 'resume', 'enable', 'disable', 'purge'] as const

export type ConnectorAction = { readonly kind: (typeof SIMPLE_ACTIONS)[number] } | MoveAction

interface MoveAction {
  readonly kind: 'move'
  /** The connector with the id `to`; undefined if it does not exist. */
  readonly target: Connector | undefined
  readonly to: string
}

export type ActionOutcome =
  | { readonly kind: 'changed'; readonly connector: Connector }
  | { readonly kind: 'refused'; readonly detail: string }

/**
 * An enabled connector accepts and submits messages. A paused connector only accepts messages, and
 * a disabled connector does neither.
 */
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
      if (!enabled) return refused(`${name} is disabled and already submits nothing`)
      return changed({ ...connector, paused: true })
    case 'resume':
      if (!enabled) return refused(`${name} is disabled: use \`signalbox connector enable ${id}\``)
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
  if (to === id) return refused('messages can be moved only to another connector')
  if (!target) return refused(`there is no connector "${to}": see \`signalbox connector list\``)
  if (!target.enabled)
    return refused(`connector "${to}" is disabled, so it would not send messages`)
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
