// The gateway: the SMPP and HTTP interface for customers. It accepts a message only after a router
// reports that the message is durable. It keeps all binds while other components or the database
// are down, because the configuration that it needs is in its memory and on its disk.

import { setTimeout as delay } from 'node:timers/promises'
import { runComponent } from '../../runtime/component.ts'
import type { ComponentContext, RunningComponent } from '../../runtime/component.ts'
import { commandStatusName, createSmppServer, INTERFACE_VERSION } from '../../smpp/index.ts'
import type { SessionTimers, SmppServer } from '../../smpp/index.ts'
import { verifyPassword } from '../../platform/userSecrets.ts'
import { readStatus } from '../../message/messageTable.ts'
import { SearchFloors } from '../../flow/searchFloors.ts'
import { claimOutbox, OUTBOX_TOPIC } from '../../outbox/outboxTable.ts'
import { reclaimOutbox, settleOutbox } from '../../outbox/settlementTable.ts'
import { Presence } from '../../cluster/presence.ts'
import { processList } from '../../cluster/processTable.ts'
import { besideOutages, openDatabaseLink, type DatabaseLink } from '../databaseLink.ts'
import { BindRegistry } from './bindRegistry.ts'
import { customersOf } from './customersOf.ts'
import { BindRevocation } from './bindRevocation.ts'
import { Credentials } from './credentials.ts'
import { CustomerLog } from './customerLog.ts'
import { customerSessions } from './customerSessions.ts'
import { createHttpApi } from './httpApi.ts'
import type { HttpDoor } from './httpDoor.ts'
import { GATEWAY_METRICS } from './gatewayMetrics.ts'
import { Intake } from './intake.ts'
import { IntakeFigures } from './intakeFigures.ts'
import { OutboxDelivery } from './outboxDelivery.ts'
import { RouterClient } from './routerClient.ts'

const SYSTEM_ID = 'signalbox'
const UNANSWERED_MAX = 20_000
/** The maximum number of unanswered deliver_sm per bind. Most ESMEs accept a few dozen. */
const DELIVERY_WINDOW = 100
const DRAIN_POLL_MS = 20
/** Verdicts arrive within acceptTimeoutMs. This is the additional time for sending the answers. */
const VERDICT_MARGIN_MS = 2_000
const FOLLOWS = ['account', 'user'] as const
const NO_IDS: ReadonlySet<string> = new Set()

type Context = ComponentContext<'gateway'>

async function start(context: Context): Promise<RunningComponent> {
  const { config, trouble } = context
  const onTrouble = besideOutages(trouble)
  const link = openDatabaseLink({ ...config, component: 'gateway', follows: FOLLOWS, trouble })
  await link.follower.start()

  const router = routerClient(context, onTrouble)
  const binds = new BindRegistry()
  const presence = presenceOf(context, link, router, binds)
  await presence.start()

  const intake = new Intake(router, config.maxInFlight, intakeFigures(link))
  const credentials = customerCredentials(context, link)
  const customerLog = customerLogOf(context)
  const revocation = bindRevocation(context, binds, customerLog)
  link.follower.follow((platform) => revocation.follow(platform))
  const delivery = outboxDelivery(context, link, binds, onTrouble)
  const server = createSmppServer({
    events: customerSessions({
      systemId: SYSTEM_ID,
      credentials,
      binds,
      intake,
      onReceiver: () => delivery.wake(),
      customerLog,
      onTrouble,
    }),
    timers: timersOf(config),
    windowSize: DELIVERY_WINDOW,
    maxSessions: config.maxSessions,
    // This limit is higher than the window of any user, so that messages beyond a user's window are
    // read and refused instead of staying unread.
    limits: { unansweredByUs: UNANSWERED_MAX },
    systemId: SYSTEM_ID,
    // The version is not 5.0, because the broadcast operations of 5.0 are not supported.
    interfaceVersion: INTERFACE_VERSION.V3_4,
  })
  const http = createHttpApi({
    limits: config,
    credentials,
    intake,
    readStatus: (id, account) => readStatus(link.database, id, account),
    onTrouble,
  })
  registerMetrics(context, { intake, binds, delivery, http, credentials })
  const { port: smppPort } = await server.listen(config.smppPort, config.host)
  const httpPort = await http.listen(config.httpPort, config.host)
  return {
    ports: { smpp: smppPort, http: httpPort },
    drain: async () => {
      server.stopAccepting()
      intake.close()
      // Both interfaces drain concurrently, so that no HTTP client delays the unbinding of SMPP
      // customers.
      await Promise.all([
        unbindAll(server, intake),
        http.drain(config.acceptTimeoutMs + VERDICT_MARGIN_MS),
      ])
      await delivery.stop()
      await presence.stop()
      await router.close()
      await link.close()
    },
  }
}

function intakeFigures({ follower }: DatabaseLink): IntakeFigures {
  return new IntakeFigures((account) => follower.platform.accounts.get(account)?.class)
}

/** Unbinds all customers after every message in progress has received its verdict. */
async function unbindAll(server: SmppServer, intake: Intake): Promise<void> {
  while (intake.inFlight > 0) await delay(DRAIN_POLL_MS)
  await server.close()
}

/** Announces this gateway and its binds, and follows the list of routers. */
function presenceOf(
  { config, recentTroubles, trouble }: Context,
  { database }: DatabaseLink,
  router: RouterClient,
  binds: BindRegistry,
): Presence {
  return new Presence({
    processes: processList(database),
    announce: {
      component: 'gateway',
      instance: config.instance,
      address: '',
      report: () => ({ troubles: [...recentTroubles.list()], ...customersOf(binds) }),
    },
    watch: {
      component: 'router',
      onChange: (routers) => router.setRouters(routers.map(({ address }) => address)),
    },
    onTrouble: besideOutages(trouble),
  })
}

function customerCredentials({ metrics }: Context, { follower }: DatabaseLink) {
  const checks = metrics.counter(GATEWAY_METRICS.passwordChecks)
  const credentials = new Credentials(() => follower.platform, {
    verify: (passwordHash, password) => {
      checks.inc({})
      return verifyPassword(passwordHash, password)
    },
  })
  follower.follow((platform, changed) =>
    credentials.follow(platform, changed && (changed.get('user') ?? NO_IDS)),
  )
  return credentials
}

function customerLogOf({ log, trouble }: Context): CustomerLog {
  const customerLog = new CustomerLog({ log, trouble })
  trouble.eachTick((nowMs) => customerLog.tick(nowMs))
  return customerLog
}

function bindRevocation(
  { config, metrics }: Context,
  binds: BindRegistry,
  customerLog: CustomerLog,
): BindRevocation {
  const revoked = metrics.counter(GATEWAY_METRICS.revokedBinds)
  return new BindRevocation({
    binds,
    closeAfterMs: config.acceptTimeoutMs + VERDICT_MARGIN_MS,
    onRevoked: (bind, reason) => {
      revoked.inc({ reason })
      customerLog.revoked(bind, reason)
    },
  })
}

function outboxDelivery(
  { config }: Context,
  { database, follower, wakeUps }: DatabaseLink,
  binds: BindRegistry,
  onTrouble: (what: string, error: Error) => void,
): OutboxDelivery {
  const { instance } = config
  const floors = new SearchFloors()
  const delivery = new OutboxDelivery({
    outbox: {
      reclaim: (inHand) => reclaimOutbox(database, instance, inHand),
      claim: (demands, leaseMs) => claimOutbox(database, demands, leaseMs, instance, { floors }),
      settle: (outcomes) => settleOutbox(database, instance, outcomes),
    },
    binds,
    sharesReceipts: (account) => follower.platform.accounts.get(account)?.receiptsTo === 'account',
    responseTimeoutMs: config.responseTimeoutMs,
    onTrouble,
  })
  wakeUps.listen(OUTBOX_TOPIC, () => delivery.wake())
  return delivery
}

/** Picks the session timers from the settings. */
function timersOf(config: SessionTimers): SessionTimers {
  const { sessionInitTimeoutMs, enquireLinkIntervalMs, responseTimeoutMs, inactivityTimeoutMs } =
    config
  return { sessionInitTimeoutMs, enquireLinkIntervalMs, responseTimeoutMs, inactivityTimeoutMs }
}

const ROUTER_TEXTS = {
  began: 'a router does not answer',
  lasts: 'the router still does not answer',
  ended: 'the router answers again',
  gone: 'the router is no longer listed',
}

function routerClient(
  { config, metrics, trouble }: Context,
  onTrouble: (what: string, error: Error) => void,
): RouterClient {
  const unknown = metrics.counter(GATEWAY_METRICS.unknownOutcomes)
  return new RouterClient({
    clusterToken: config.clusterToken,
    acceptTimeoutMs: config.acceptTimeoutMs,
    onUnknownOutcome: (messages) => unknown.inc({}, messages),
    watchRouter: (router) => trouble.watch(ROUTER_TEXTS, { router }),
    onTrouble,
  })
}

interface Measured {
  readonly intake: Intake
  readonly binds: BindRegistry
  readonly delivery: OutboxDelivery
  readonly http: HttpDoor
  readonly credentials: Credentials
}

function registerMetrics(
  { metrics }: Context,
  { binds, credentials, delivery, http, intake }: Measured,
): void {
  const { figures } = intake
  metrics.read(GATEWAY_METRICS.binds, () => binds.size)
  metrics.read(GATEWAY_METRICS.passwordChecksWaiting, () => credentials.waitingChecks)
  metrics.read(GATEWAY_METRICS.httpConnections, () => http.connections)
  metrics.read(GATEWAY_METRICS.droppedHttpConnections, () => http.droppedConnections)
  metrics.read(GATEWAY_METRICS.messagesInFlight, () => intake.inFlight)
  metrics.readEach(GATEWAY_METRICS.acceptedMessages, function* () {
    for (const [name, { accepted }] of figures.byClass) yield [{ account_class: name }, accepted]
  })
  metrics.readEach(GATEWAY_METRICS.refusedMessages, function* () {
    for (const [name, { refused }] of figures.byClass)
      for (const [status, count] of refused)
        yield [{ account_class: name, command_status: commandStatusName(status) }, count]
  })
  metrics.readHistograms(GATEWAY_METRICS.verdictSeconds, () => [[{}, figures.verdictSeconds]])
  metrics.readEach(GATEWAY_METRICS.deliveries, () =>
    Object.entries(delivery.counters).map(([result, count]) => [{ result }, count]),
  )
  metrics.read(GATEWAY_METRICS.deliveriesInHand, () => delivery.inHand)
  metrics.read(GATEWAY_METRICS.deliveriesPutBack, () => delivery.putBack)
}

await runComponent('gateway', start)
