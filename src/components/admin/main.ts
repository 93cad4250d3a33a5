// The admin component: the management API on its port. It is never on the path of a message: while
// it is away, messages flow on with the platform as it is. It promises that an answered change is
// one durable revision, which the other components follow within a second. A change that meets
// another one is planned again, a few times, unless the caller named the revision to change.

import type { AddressInfo } from 'node:net'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { openDatabase } from '../../database/database.ts'
import { readBoundSlots } from '../../cluster/boundConnectorTable.ts'
import { readResources, readSelected, writeResources } from '../../platform/resourceTable.ts'
import { databaseOutage } from '../databaseLink.ts'
import { announceProcess } from '../announceProcess.ts'
import { readStatus } from './readStatus.ts'
import { readTrace } from './readTrace.ts'
import { waitingFor } from './waitingFor.ts'
import { createAdminServer } from './adminServer.ts'

/** Few people use the API at a time; the other components need the connections more. */
const POOL_SIZE_MAX = 4

async function startAdmin(context: ComponentContext<'admin'>): Promise<RunningComponent> {
  const { config, log, health, trouble } = context
  const database = openDatabase({
    databaseUrl: config.databaseUrl,
    poolSize: Math.min(config.databasePoolSize, POOL_SIZE_MAX),
    applicationName: 'signalbox-admin',
    outage: databaseOutage(trouble),
  })
  const server = createAdminServer({
    adminToken: config.adminToken,
    resources: {
      read: (selection) =>
        selection ? readSelected(database, selection) : readResources(database),
      write: (changes, expectedRevision) => writeResources(database, changes, expectedRevision),
      waitingFor: (kind, id) => waitingFor(database, postgresUpkeep(database), kind, id),
    },
    readTrace: (id) => readTrace(database, id),
    readBindsUp: () => readBoundSlots(database.run),
    readStatus: () => readStatus(database, postgresUpkeep(database)),
    log,
  })
  const presence = await announceProcess(context, database)
  await server.listen({ host: config.host, port: config.adminPort })
  health.setReady('http', true)
  // A TCP listener's address is an object; only pipes have a string.
  const { port } = server.server.address() as AddressInfo
  return {
    ports: { admin: port },
    async drain() {
      await server.close()
      await presence.stop()
      await database.close()
    },
  }
}

await runComponent('admin', startAdmin)
