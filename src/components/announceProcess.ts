import { besideOutages } from './databaseLink.ts'
import { Presence } from '../cluster/presence.ts'
import { processList } from '../cluster/processTable.ts'
import type { Database } from '../database/database.ts'
import type { ComponentContext } from '../runtime/component.ts'

/**
 * Adds this process to the list of processes that `signalbox status` shows. The process announces
 * no address, because other processes send it no requests.
 */
export async function announceProcess(
  { component, config, recentTroubles, trouble }: ComponentContext,
  database: Database,
): Promise<Presence> {
  const presence = new Presence({
    processes: processList(database),
    announce: {
      component,
      instance: config.instance,
      address: '',
      report: () => ({ troubles: [...recentTroubles.list()] }),
    },
    onTrouble: besideOutages(trouble),
  })
  await presence.start()
  return presence
}
