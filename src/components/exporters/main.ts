// The exporters read the figures of the whole platform from the database and serve them at /metrics
// on the health port of this component. They read every two seconds, whether or not there are
// scrapes, so that a scrape does not load the database. While the database is unavailable, /metrics
// shows the last figures, signalbox_store_up is 0, and reading is retried. The processing of
// messages does not depend on this component.

import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { openDatabase } from '../../database/database.ts'
import { postgresUpkeep } from '../../queue/postgres/postgresUpkeep.ts'
import { besideOutages, databaseOutage } from '../databaseLink.ts'
import { announceProcess } from '../announceProcess.ts'
import { readGauges } from './readGauges.ts'
import { followGauges } from './followGauges.ts'
import { followOldestRows } from './followOldestRows.ts'
import { createPlatformMetrics } from './platformMetrics.ts'

async function startExporters(context: ComponentContext<'exporters'>): Promise<RunningComponent> {
  const { config, metrics, trouble } = context
  const onTrouble = besideOutages(trouble)
  const database = openDatabase({
    databaseUrl: config.databaseUrl,
    poolSize: 1,
    applicationName: 'signalbox-exporters',
    outage: databaseOutage(trouble),
  })
  const upkeep = postgresUpkeep(database)
  const stopOldest = followOldestRows({ metrics, database, upkeep, onTrouble })
  const stopFollowing = followGauges({
    read: () => readGauges(database, upkeep),
    metrics: createPlatformMetrics(metrics),
    onTrouble,
  })
  const presence = await announceProcess(context, database)
  return {
    ports: {},
    async drain() {
      await presence.stop()
      stopFollowing()
      stopOldest()
      await database.close()
    },
  }
}

await runComponent('exporters', startExporters)
