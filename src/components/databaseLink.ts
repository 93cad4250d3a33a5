// Everything that a component's main.ts opens on the database: the database itself, the wake-ups
// over it and the follower of the platform. close() ends them in the right order.

import { join } from 'node:path'
import { type Database, openDatabase } from '../database/database.ts'
import { Notifications } from '../database/notifications.ts'
import { PlatformFollower } from '../platform/platformFollower.ts'
import { readResources } from '../platform/resourceTable.ts'
import { KeptFile } from '../runtime/keptFile.ts'
import { WakeUps } from '../cluster/wakeUps.ts'

export interface DatabaseLinkOptions {
  databaseUrl: string
  databasePoolSize: number
  home: string
  component: string
  instance: string
  /** Called with trouble for the log. The component goes on. */
  onTrouble: (what: string, error: Error) => void
}

export interface DatabaseLink {
  database: Database
  wakeUps: WakeUps
  follower: PlatformFollower
  close(): Promise<void>
}

/** Connects to nothing yet: each part connects when it is first used, and again when it is lost. */
export function openDatabaseLink(options: DatabaseLinkOptions): DatabaseLink {
  const { databaseUrl, onTrouble } = options
  const database = openDatabase({
    databaseUrl,
    poolSize: options.databasePoolSize,
    applicationName: `signalbox-${options.component}`,
    plansByIndex: true,
    onError: (error) => onTrouble('a connection to the store was lost', error),
  })
  const onError = (error: Error): void => onTrouble('wake-ups through the store', error)
  const wakeUps = new WakeUps(new Notifications({ databaseUrl, database, onError }), onError)
  const follower = new PlatformFollower({
    resources: { read: (since) => readResources(database, since) },
    snapshot: new KeptFile(join(options.home, 'snapshot', `${options.instance}.json`)),
    onTrouble,
  })
  return {
    database,
    wakeUps,
    follower,
    close: async () => {
      follower.stop()
      await wakeUps.close()
      await database.close()
    },
  }
}
