// The router applies policy, chooses routes and publishes messages. A message is accepted if and
// only if it was published. A restart loses nothing, because a gateway that gets no answer sends
// its batch again under the same id.

import { setTimeout as delay } from 'node:timers/promises'
import { PostgresQueue } from '../../queue/postgres/postgresQueue.ts'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { HEARTBEAT_INTERVAL_MS, Presence } from '../../cluster/presence.ts'
import { processList } from '../../cluster/processTable.ts'
import { besideOutages, openDatabaseLink } from '../databaseLink.ts'
import { admitBatch, Admitter } from '../../routing/admission.ts'
import { encodeVerdicts, type Verdict } from '../../routing/routerCallWire.ts'
import type { PushedCounter } from '../../runtime/metrics.ts'
import { commandStatusName } from '../../smpp/index.ts'
import { createBatchServer, listen } from './batchServer.ts'
import { BatchPublisher } from './batchPublisher.ts'
import { ROUTER_METRICS } from './routerMetrics.ts'

/** If no batch has arrived for this long, a drain assumes that no gateway uses this router. */
const BUSY_MS = 5_000

async function start(context: ComponentContext<'router'>): Promise<RunningComponent> {
  const { config, metrics, recentTroubles, trouble } = context
  const onTrouble = besideOutages(trouble)
  const follows = ['account', 'connector', 'route_table'] as const
  const link = openDatabaseLink({ ...config, component: 'router', follows, trouble })
  await link.follower.start()
  const admitter = new Admitter(link.follower.platform)
  link.follower.follow((platform) => admitter.follow(platform))

  const published = metrics.counter(ROUTER_METRICS.publishedMessages)
  const batches = metrics.counter(ROUTER_METRICS.publishedBatches)
  const refused = metrics.counter(ROUTER_METRICS.refusedMessages)
  const publisher = new BatchPublisher({
    queue: new PostgresQueue(link.database, link.wakeUps, config.instance),
    paceOf: (connector) => link.follower.platform.connectors.get(connector)?.tps ?? 1,
    onPublished: (batchCount, messageCount) => {
      batches.inc({}, batchCount)
      published.inc({}, messageCount)
    },
    onError: (error) => onTrouble('publishing batches failed', error),
  })
  // This is monotonic time. With wall-clock time, a step of the clock could make a drain disconnect
  // gateways that still use this router.
  let lastBatchAtMs = Number.NEGATIVE_INFINITY
  const server = createBatchServer({
    clusterToken: config.clusterToken,
    // Each message of a batch is admitted or refused. The admitted messages are published in
    // envelopes (queue/packEnvelopes.ts). Only then are all verdicts returned.
    submit: async ({ batchId, submissions }, call) => {
      lastBatchAtMs = performance.now()
      const { admitted: messages, verdicts } = admitBatch(admitter, submissions, onTrouble)
      countRefusals(refused, verdicts)
      return publisher.publish({ batchId, messages, answer: encodeVerdicts(verdicts) }, call)
    },
    onError: onTrouble,
  })
  const port = await listen(server, config.routerPort, config.host)
  const presence = new Presence({
    processes: processList(link.database),
    announce: {
      component: 'router',
      instance: config.instance,
      address: `http://${config.advertiseHost}:${port}`,
      report: () => ({ troubles: [...recentTroubles.list()] }),
    },
    onTrouble,
  })
  await presence.start()
  return {
    ports: { router: port },
    drain: async () => {
      await presence.stop()
      // Gateways that still use this router notice that it has left when they next read the list of
      // routers.
      if (performance.now() - lastBatchAtMs < BUSY_MS) await delay(HEARTBEAT_INTERVAL_MS)
      await publisher.whenIdle()
      server.close()
      server.closeIdleConnections()
      await link.close()
      server.closeAllConnections()
    },
  }
}

function countRefusals(
  refused: PushedCounter<'command_status'>,
  verdicts: readonly Verdict[],
): void {
  const counts = new Map<number, number>()
  for (const verdict of verdicts)
    if (verdict.kind === 'refused')
      counts.set(verdict.commandStatus, (counts.get(verdict.commandStatus) ?? 0) + 1)
  for (const [commandStatus, count] of counts)
    refused.inc({ command_status: commandStatusName(commandStatus) }, count)
}

await runComponent('router', start)
