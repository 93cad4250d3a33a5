// Opens a component's access to the database. It has three parts: the connection pool, the wake-ups
// (notifications between processes), and the follower, which keeps a current copy of the platform
// configuration. close() closes the parts in the right order.

import { join } from 'node:path'
import {
  type Database,
  type DatabaseOutage,
  openDatabase,
  StoreUnavailable,
} from '../database/database.ts'
import { Notifications } from '../database/notifications.ts'
import { PlatformFollower } from '../platform/platformFollower.ts'
import type { KnownKind } from '../platform/resourceKinds.ts'
import { RESOURCE_KINDS } from '../platform/resourceKinds.ts'
import { readResources } from '../platform/resourceTable.ts'
import { KeptFile } from '../runtime/keptFile.ts'
import type { TroubleLog } from '../runtime/troubleLog.ts'
import { WakeUps } from '../cluster/wakeUps.ts'

export interface DatabaseLinkOptions {
  databaseUrl: string
  databasePoolSize: number
  home: string
  component: string
  instance: string
  /**
   * The kinds of platform resources that the component needs. The follower reads no other kinds.
   */
  follows: readonly KnownKind['kind'][]
  trouble: Pick<TroubleLog, 'report' | 'watch'>
}

const OUTAGE_TEXTS = {
  began: 'the database is unavailable',
  lasts: 'the database is still unavailable',
  ended: 'the database is available again',
}

/** Logs the beginning and the end of each database outage once, however many queries fail. */
export function databaseOutage(trouble: Pick<TroubleLog, 'watch'>): DatabaseOutage {
  return trouble.watch(OUTAGE_TEXTS)
}

/**
 * Returns a function that reports errors, except those caused by an unavailable database, which
 * databaseOutage() already logs.
 */
export function besideOutages(
  trouble: Pick<TroubleLog, 'report'>,
): (what: string, error: Error) => void {
  return (what, error) => {
    if (!isStoreAway(error)) trouble.report(what, error)
  }
}

function isStoreAway(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return true
  return error instanceof Error && error.cause !== undefined && isStoreAway(error.cause)
}

export interface DatabaseLink {
  database: Database
  wakeUps: WakeUps
  follower: PlatformFollower
  close(): Promise<void>
}

/**
 * Creates all parts without connecting to the database. Each part connects when it is first used,
 * and reconnects when its connection is lost.
 */
export function openDatabaseLink(options: DatabaseLinkOptions): DatabaseLink {
  const { databaseUrl, trouble } = options
  const onTrouble = besideOutages(trouble)
  const outage = databaseOutage(trouble)
  const database = openDatabase({
    databaseUrl,
    poolSize: options.databasePoolSize,
    applicationName: `signalbox-${options.component}`,
    plansByIndex: true,
    outage,
  })
  const wakeUps = new WakeUps(
    new Notifications({ databaseUrl, database, onError: (error) => outage.failed(error) }),
    (error) => onTrouble('sending a wake-up failed', error),
  )
  const needed = new Set<string>(options.follows)
  const ignoredKinds = RESOURCE_KINDS.map(({ kind }) => kind).filter((kind) => !needed.has(kind))
  const follower = new PlatformFollower({
    ignoredKinds: new Set(ignoredKinds),
    resources: { read: (since) => readResources(database, since, ignoredKinds) },
    snapshot: new KeptFile(join(options.home, 'snapshot', `${options.instance}.json`)),
    onTrouble,
  })
  return {
    database,
    wakeUps,
    follower,
    close: async () => {
      follower.stop()
      await follower.whenKept()
      await wakeUps.close()
      await database.close()
    },
  }
}
