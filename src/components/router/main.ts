// The router: policy, route choice, and the publish that alone defines acceptance. Holds nothing
// that a restart would lose: a batch that was not answered is tried again by its gateway under the
// same id.

import { setTimeout as delay } from 'node:timers/promises'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { Presence } from '../../cluster/presence.ts'
import { HEARTBEAT_INTERVAL_MS } from '../../cluster/processTable.ts'
import { openDatabaseLink } from '../databaseLink.ts'
import { Admitter } from '../../routing/admission.ts'
import { createBatchServer, listen } from './batchServer.ts'
import { BatchPublisher } from './batchPublisher.ts'

/** No batch for so long: no gateway counts on this router just now. */
const BUSY_MS = 5_000

async function start(context: ComponentContext): Promise<RunningComponent> {
  const { config, log, metrics } = context
  const onTrouble = (what: string, error: Error) => log.warn({ err: error }, what)
  const link = openDatabaseLink({ ...config, component: 'router', onTrouble })
  await link.follower.start()
  let admitter = new Admitter(link.follower.platform)
  link.follower.follow((platform) => (admitter = new Admitter(platform)))

  const published = metrics.counter('router_published_messages_total', 'Messages made durable')
  const batches = metrics.counter('router_published_batches_total', 'Gateway batches published')
  const refused = metrics.counter('router_refused_messages_total', 'Messages refused by policy')
  const publisher = new BatchPublisher({
    queue: new PostgresQueue(link.database, link.wakeUps, config.instance),
    admitter: () => admitter,
    paceOf: (connector) => link.follower.platform.connectors.get(connector)?.tps ?? 1,
    onPublished: (batchCount, messageCount) => {
      batches.inc(batchCount)
      published.inc(messageCount)
    },
    onRefused: (messageCount) => refused.inc(messageCount),
    onError: (error) => onTrouble('publishing', error),
  })
  let lastBatchAtMs = 0
  const server = createBatchServer({
    clusterToken: config.clusterToken,
    submit: (batch, isWanted) => {
      lastBatchAtMs = Date.now()
      return publisher.submit(batch, isWanted)
    },
    onError: onTrouble,
  })
  const port = await listen(server, config.routerPort, config.host)
  const presence = new Presence({
    database: link.database,
    announce: {
      component: 'router',
      instance: config.instance,
      address: `http://${config.advertiseHost}:${port}`,
    },
    onTrouble,
  })
  await presence.start()
  return {
    ports: { router: port },
    drain: async () => {
      await presence.stop()
      // Gateways that still send here learn of it at their next look at the list.
      if (Date.now() - lastBatchAtMs < BUSY_MS) await delay(HEARTBEAT_INTERVAL_MS)
      await publisher.whenIdle()
      server.close()
      server.closeIdleConnections()
      await link.close()
      server.closeAllConnections()
    },
  }
}

await runComponent('router', start)
