import type { MessageId } from '../../message/ids.ts'
import type { MessageTrace } from '../../message/trace.ts'
import type { ResourceStore } from '../../platform/storedPlatform.ts'
import type { QueueDesk } from './queueDesk.ts'
import type { SearchMessages } from './searchMessages.ts'
import type { PlatformStatus } from './platformStatus.ts'
import type { Logger } from '../../runtime/log.ts'

export interface AdminServerOptions {
  readonly adminToken: string
  readonly resources: ResourceStore
  /** Resolves with undefined if the message is unknown or no longer stored. */
  readTrace(id: MessageId): Promise<MessageTrace | undefined>
  readonly searchMessages: SearchMessages
  /** The number of open binds of each connector, by connector id. */
  readBindsUp(): Promise<ReadonlyMap<string, number>>
  /** The current status of processes, binds and queues. */
  readStatus(): Promise<PlatformStatus>
  readonly queues: QueueDesk
  readonly log: Pick<Logger, 'info' | 'error'>
}
