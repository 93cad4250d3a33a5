import type { MessageId } from '../../message/ids.ts'
import type { MessageTrace } from '../../message/trace.ts'
import type { ResourceStore } from '../../platform/storedPlatform.ts'
import type { SearchMessages } from './searchMessages.ts'
import type { PlatformStatus } from './platformStatus.ts'
import type { Logger } from '../../runtime/log.ts'

export interface AdminServerOptions {
  readonly adminToken: string
  readonly resources: ResourceStore
  /** Undefined for a message that is unknown or no longer kept. */
  readTrace(id: MessageId): Promise<MessageTrace | undefined>
  readonly searchMessages: SearchMessages
  /** How many binds of each connector are up, by its id. */
  readBindsUp(): Promise<ReadonlyMap<string, number>>
  /** What runs, what is bound and what waits, now. */
  readStatus(): Promise<PlatformStatus>
  readonly log: Pick<Logger, 'info' | 'error'>
}
