// The admin component serves the management API. It does not process messages: while it is down,
// the other components process messages with the current configuration of the platform. When a
// request to change the platform succeeds, the change is durable as one revision, and the other
// components apply it within a second. A change that conflicts with a concurrent change is retried
// a few times, unless the request specified the revision to change.

import type { AddressInfo } from 'node:net'
import { postgresRedrive } from '../../queue/postgres/postgresRedrive.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { openDatabase } from '../../database/database.ts'
import { readBoundSlots } from '../../cluster/boundConnectorTable.ts'
import { readResources, readSelected, writeResources } from '../../platform/resourceTable.ts'
import { databaseOutage } from '../databaseLink.ts'
import { announceProcess } from '../announceProcess.ts'
import { readStatus } from './readStatus.ts'
import { ADMIN_METRICS } from './adminMetrics.ts'
import { queueDesk } from './queueDesk.ts'
import { readTrace } from './readTrace.ts'
import { waitingFor } from './waitingFor.ts'
import { createAdminServer } from './adminServer.ts'
import { messageSearch, SEARCH_BUDGET_MS, SEARCHES_MAX } from './searchMessages.ts'

/**
 * The maximum number of database connections, not counting searches. It is small because few people
 * use the API at the same time, and the other components need more connections.
 */
const POOL_SIZE_MAX = 4

/**
 * The time limits of the connections for searches. A search waits only briefly for the lock of a
 * partition, because a locked partition may be about to be dropped.
 */
const SEARCH_LIMITS = {
  idleMs: 5_000,
  lockMs: 500,
  statementMs: SEARCH_BUDGET_MS,
  answerMs: 2 * SEARCH_BUDGET_MS,
}

async function startAdmin(context: ComponentContext<'admin'>): Promise<RunningComponent> {
  const { config, log, health, metrics, trouble } = context
  const database = openDatabase({
    databaseUrl: config.databaseUrl,
    poolSize: Math.min(config.databasePoolSize, POOL_SIZE_MAX),
    applicationName: 'signalbox-admin',
    outage: databaseOutage(trouble),
  })
  // Searches have their own connections, so that a slow search is not reported as an outage of the
  // database and does not delay other queries.
  const searched = openDatabase({
    databaseUrl: config.databaseUrl,
    poolSize: SEARCHES_MAX,
    applicationName: 'signalbox-search',
    limits: SEARCH_LIMITS,
  })
  const upkeep = postgresUpkeep(database)
  const redriven = metrics.counter(ADMIN_METRICS.redrivenDeadLetters)
  const server = createAdminServer({
    adminToken: config.adminToken,
    resources: {
      read: (selection) =>
        selection ? readSelected(database, selection) : readResources(database),
      write: (changes, expectedRevision) => writeResources(database, changes, expectedRevision),
      waitingFor: (kind, id) => waitingFor(database, upkeep, kind, id),
    },
    readTrace: (id) => readTrace(database, id),
    searchMessages: messageSearch({ database: searched }),
    readBindsUp: () => readBoundSlots(database.run),
    readStatus: () => readStatus(database, upkeep),
    queues: queueDesk({
      database,
      upkeep,
      redrive: postgresRedrive(database),
      onRedriven: (queue, letters) => redriven.inc({ queue }, letters),
    }),
    log,
  })
  const presence = await announceProcess(context, database)
  await server.listen({ host: config.host, port: config.adminPort })
  health.setReady('http', true)
  // The address of a TCP server is an object. Only the address of a pipe is a string.
  const { port } = server.server.address() as AddressInfo
  return {
    ports: { admin: port },
    async drain() {
      await server.close()
      await presence.stop()
      await Promise.all([database.close(), searched.close()])
    },
  }
}

await runComponent('admin', startAdmin)
