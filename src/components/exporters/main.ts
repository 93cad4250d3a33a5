// The exporters: figures of the whole platform, read from the store and served at /metrics of this
// component's health port. They are read every two seconds whether or not anybody asks, so a scrape
// costs the store nothing. If the database is away, the last figures stay, signalbox_store_up is 0,
// and reading goes on. No message needs this component.

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
