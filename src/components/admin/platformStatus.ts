import type { CustomerBinds } from '../../cluster/processReport.ts'
import type { Connector } from '../../platform/connector.ts'
import type { connectorState } from '../../platform/connectorAction.ts'
import type { DeadLetterCount, QueueDepth } from '../../queue/queue.ts'
import type { Trouble } from '../../runtime/recentTroubles.ts'

/** A process that runs, or that ended within the last hour without saying so. */
export interface ProcessStatus {
  readonly component: string
  readonly instance: string
  readonly isUp: boolean
  readonly startedAt: string
  readonly seenSecondsAgo: number
  /** The latest first. */
  readonly troubles: readonly Trouble[]
}

export interface ConnectorLoad extends Pick<Connector, 'id' | 'binds'> {
  readonly state: ReturnType<typeof connectorState>
  readonly bindsUp: number
  /** On its queues, or in a worker. */
  readonly queuedMessages: number
  readonly oldestAgeSeconds: number
  /** Until another attempt. */
  readonly waitingMessages: number
}

/** Everything that `signalbox status` shows. */
export interface PlatformStatus {
  readonly at: string
  readonly processes: readonly ProcessStatus[]
  readonly customers: readonly (CustomerBinds & { readonly gateway: string })[]
  /** Customers with a bind that are not listed. */
  readonly moreCustomers: number
  readonly connectors: readonly ConnectorLoad[]
  readonly queues: readonly QueueDepth[]
  readonly outbox: { readonly pending: number; readonly oldestAgeSeconds: number }
  readonly parkedReceipts: number
  readonly deadLetters: readonly DeadLetterCount[]
}
