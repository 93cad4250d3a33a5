// What a component's main.ts opens first: the database, the waker and the follower of the platform,
// and how they are closed again, in the right order.

import { join } from 'node:path'
import { type Database, openDatabase } from '../database/database.ts'
import { PlatformFollower } from '../platform/platformFollower.ts'
import { readResources } from '../platform/resourceTable.ts'
import { KeptFile } from '../runtime/keptFile.ts'
import { Waker } from '../cluster/waker.ts'

export interface StoreLinkOptions {
  databaseUrl: string
  databasePoolSize: number
  home: string
  component: string
  instance: string
  /** For the log: what went wrong, and the component goes on. */
  onTrouble: (what: string, error: Error) => void
}

export interface StoreLink {
  database: Database
  waker: Waker
  follower: PlatformFollower
  close(): Promise<void>
}

/** Opens nothing yet on the network: each part connects when first used, and again when lost. */
export function openStoreLink(options: StoreLinkOptions): StoreLink {
  const { databaseUrl, onTrouble } = options
  const database = openDatabase({
    databaseUrl,
    poolSize: options.databasePoolSize,
    applicationName: `signalbox-${options.component}`,
    plansByIndex: true,
    onError: (error) => onTrouble('a connection to the store was lost', error),
  })
  const waker = new Waker({
    databaseUrl,
    pool: database.pool,
    onError: (error) => onTrouble('wake-ups through the store', error),
  })
  const follower = new PlatformFollower({
    resources: { read: (since) => readResources(database, since) },
    snapshot: new KeptFile(join(options.home, 'snapshot', `${options.instance}.json`)),
    onTrouble,
  })
  return {
    database,
    waker,
    follower,
    close: async () => {
      follower.stop()
      await waker.close()
      await database.close()
    },
  }
}
