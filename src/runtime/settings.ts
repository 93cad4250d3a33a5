import { hostname, networkInterfaces } from 'node:os'
import type { ComponentName } from './componentName.ts'
import { retentionSettings, type RetentionConfig } from './retentionSettings.ts'
import { choice, integer, milliseconds, text, timeout } from './setting.ts'
import type { Range, Setting } from './setting.ts'

/** How a process runs, as read from the environment. What the platform does lives in the store. */
export interface Config extends RetentionConfig {
  /** Empty: not set. `up` then starts its own server; a component by itself refuses to start. */
  readonly databaseUrl: string
  readonly home: string
  readonly instance: string
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly host: string
  readonly advertiseHost: string
  readonly smppPort: number
  readonly httpPort: number
  readonly routerPort: number
  readonly adminPort: number
  /** Undefined: the component's own port of 9090-9095, see `healthPortOf`. */
  readonly healthPort: number | undefined
  readonly pgPort: number
  readonly ports: 'default' | 'auto'
  readonly clusterToken: string
  readonly adminToken: string
  readonly secretsDir: string | undefined
  readonly drainTimeoutMs: number
  readonly acceptTimeoutMs: number
  readonly queueLeaseMs: number
  readonly bindLeaseTtlMs: number
  readonly bindReleaseAfterMs: number
  readonly receiptTtlHours: number
  readonly sessionInitTimeoutMs: number
  readonly enquireLinkIntervalMs: number
  readonly responseTimeoutMs: number
  readonly inactivityTimeoutMs: number
  readonly maxSessions: number
  readonly httpHeadersTimeoutMs: number
  readonly httpRequestTimeoutMs: number
  readonly httpKeepAliveTimeoutMs: number
  readonly httpMaxConnections: number
  readonly maxInFlight: number
  readonly databasePoolSize: number
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
export type LogFormat = 'json' | 'pretty' | 'auto'

const everyComponent: readonly ComponentName[] = [
  'gateway',
  'router',
  'workers',
  'dlr',
  'admin',
  'exporters',
]
const anyPort: Range = { min: 0, max: 65_535 }
const day = 86_400_000

/** For this machine only: passwords go over the wire in clear. */
export const HOST_OF_UP = '127.0.0.1'
const keptSecret = { value: () => 'generated at the first start, in installation.json' }

/** The one table of settings. A new setting is a field of `Config` and a row here, no more. */
export const settings: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  databaseUrl: text('', {
    name: 'DATABASE_URL',
    explanation: 'PostgreSQL 15 or newer. Not set: `signalbox up` starts a server of its own',
    expected: 'a postgres:// or postgresql:// URL',
    example: 'postgresql://signalbox:PASSWORD@db.example.net:5432/signalbox',
    secret: true,
    neededBy: everyComponent,
    underUp: { value: () => 'a server of its own' },
    accepts: /^postgres(ql)?:\/\/\S+$/,
  }),
  home: text('.signalbox', {
    name: 'SIGNALBOX_HOME',
    explanation: 'folder for all data of this machine: database, logs, snapshots, installation',
    example: '/var/lib/signalbox',
  }),
  instance: text(() => `${hostname()}-${process.pid}`, {
    name: 'SIGNALBOX_INSTANCE',
    explanation: 'name of this process in logs, leases and registries; unique over the cluster',
    expected: 'at most 120 letters, digits, dots, dashes or underscores',
    example: 'router-7d4b9c-x2x4z',
    underUp: { value: () => 'derived from the installation, component and number', always: true },
    accepts: /^[\w.-]{1,120}$/,
  }),
  logLevel: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', {
    name: 'SIGNALBOX_LOG_LEVEL',
    explanation: 'lowest severity that is logged',
    example: 'debug',
  }),
  logFormat: choice(['json', 'pretty', 'auto'], 'auto', {
    name: 'SIGNALBOX_LOG_FORMAT',
    explanation: 'json for machines, pretty for people; auto is pretty on a terminal only',
    example: 'json',
    underUp: { value: () => 'json', always: true },
  }),
  host: text('0.0.0.0', {
    name: 'SIGNALBOX_HOST',
    explanation: 'address that every listener of this process binds to',
    expected: 'an IP address or host name',
    example: '127.0.0.1',
    underUp: { value: () => HOST_OF_UP },
    accepts: /^[\w.:-]+$/,
  }),
  advertiseHost: text(reachableAddress, {
    name: 'SIGNALBOX_ADVERTISE_HOST',
    explanation: 'address under which other processes reach this one',
    expected: 'an IP address or host name',
    example: '10.0.3.17',
    underUp: {
      value: (env) => definiteHost(env['SIGNALBOX_HOST']?.trim() || HOST_OF_UP),
      always: true,
    },
    accepts: /^[\w.:-]+$/,
  }),
  smppPort: integer(2775, anyPort, {
    name: 'SIGNALBOX_SMPP_PORT',
    explanation: 'gateway: where customers bind; 0 takes any free port',
    example: '2775',
  }),
  httpPort: integer(8080, anyPort, {
    name: 'SIGNALBOX_HTTP_PORT',
    explanation: "gateway: customers' HTTP API; 0 takes any free port",
    example: '8080',
  }),
  routerPort: integer(7070, anyPort, {
    name: 'SIGNALBOX_ROUTER_PORT',
    explanation: "router: the gateway's call; 0 takes any free port",
    example: '7070',
  }),
  adminPort: integer(8090, anyPort, {
    name: 'SIGNALBOX_ADMIN_PORT',
    explanation: 'admin: management API and console; 0 takes any free port',
    example: '8090',
  }),
  healthPort: integer(undefined, anyPort, {
    name: 'SIGNALBOX_HEALTH_PORT',
    explanation:
      '/healthz, /ready, /metrics. Not set: gateway 9090, router 9091, workers 9092, ' +
      'dlr 9093, admin 9094, exporters 9095; 0 takes any free port',
    example: '9090',
  }),
  pgPort: integer(5439, anyPort, {
    name: 'SIGNALBOX_PG_PORT',
    explanation: 'port of the embedded PostgreSQL that `signalbox up` starts',
    example: '5439',
  }),
  ports: choice(['default', 'auto'], 'default', {
    name: 'SIGNALBOX_PORTS',
    explanation: 'auto: `signalbox up` takes free ports for everything it starts',
    example: 'auto',
  }),
  clusterToken: text('', {
    name: 'SIGNALBOX_CLUSTER_TOKEN',
    explanation: 'secret by which components trust each other; the same in the whole cluster',
    expected: 'at least 16 characters without spaces',
    example: 'the output of: openssl rand -hex 24',
    secret: true,
    neededBy: ['gateway', 'router'],
    underUp: keptSecret,
    accepts: /^\S{16,}$/,
  }),
  adminToken: text('', {
    name: 'SIGNALBOX_ADMIN_TOKEN',
    explanation: 'bearer token of the management API',
    expected: 'at least 16 characters without spaces',
    example: 'the output of: openssl rand -hex 24',
    secret: true,
    neededBy: ['admin'],
    underUp: keptSecret,
    accepts: /^\S{16,}$/,
  }),
  secretsDir: text(undefined, {
    name: 'SIGNALBOX_SECRETS_DIR',
    explanation: 'folder of mounted secrets: one file a secret, named like its variable',
    example: '/run/secrets/signalbox',
  }),
  drainTimeoutMs: milliseconds(20_000, day, {
    name: 'SIGNALBOX_DRAIN_TIMEOUT_MS',
    explanation: 'how long a stopping process may take to finish its work',
  }),
  acceptTimeoutMs: milliseconds(8_000, 600_000, {
    name: 'SIGNALBOX_ACCEPT_TIMEOUT_MS',
    explanation: "gateway: how long a customer waits for the router's verdict",
  }),
  queueLeaseMs: timeout(60_000, {
    name: 'SIGNALBOX_QUEUE_LEASE_MS',
    explanation: 'how long a consumer may hold an envelope before another gets it',
  }),
  bindLeaseTtlMs: integer(
    90_000,
    { min: 1_000, max: day },
    {
      name: 'SIGNALBOX_BIND_LEASE_TTL_MS',
      explanation: 'workers: how long a bind slot stays taken after its holder stops responding',
      example: '90000',
    },
  ),
  bindReleaseAfterMs: milliseconds(30_000, day, {
    name: 'SIGNALBOX_BIND_RELEASE_AFTER_MS',
    explanation: "workers: pause after an expired bind lease, at least the SMSC's dead-peer time",
  }),
  receiptTtlHours: integer(
    72,
    { min: 1, max: 24 * 60 },
    {
      name: 'SIGNALBOX_RECEIPT_TTL_HOURS',
      explanation: 'dlr: how long a receipt that matches no message yet is kept',
      example: '72',
    },
  ),
  ...retentionSettings,
  sessionInitTimeoutMs: milliseconds(10_000, day, {
    name: 'SIGNALBOX_SESSION_INIT_TIMEOUT_MS',
    explanation: 'SMPP: a connection that does not bind in this time is closed; 0 is off',
  }),
  enquireLinkIntervalMs: milliseconds(30_000, day, {
    name: 'SIGNALBOX_ENQUIRE_LINK_INTERVAL_MS',
    explanation: 'SMPP: silence after which enquire_link is sent; 0 is off',
  }),
  responseTimeoutMs: milliseconds(30_000, day, {
    name: 'SIGNALBOX_RESPONSE_TIMEOUT_MS',
    explanation: 'SMPP: how long a request waits for its response; 0 is off',
  }),
  inactivityTimeoutMs: milliseconds(0, day, {
    name: 'SIGNALBOX_INACTIVITY_TIMEOUT_MS',
    explanation: 'SMPP: a session without messages for this long is closed; 0 is off',
  }),
  maxSessions: integer(
    12_000,
    { min: 1, max: 1_000_000 },
    {
      name: 'SIGNALBOX_MAX_SESSIONS',
      explanation: 'gateway: maximum number of SMPP connections per process',
      example: '12000',
    },
  ),
  httpHeadersTimeoutMs: timeout(5_000, {
    name: 'SIGNALBOX_HTTP_HEADERS_TIMEOUT_MS',
    explanation: 'gateway: how long the headers of an HTTP request may take to arrive',
  }),
  httpRequestTimeoutMs: timeout(10_000, {
    name: 'SIGNALBOX_HTTP_REQUEST_TIMEOUT_MS',
    explanation: 'gateway: how long an HTTP request may take to arrive, with its body',
  }),
  httpKeepAliveTimeoutMs: timeout(72_000, {
    name: 'SIGNALBOX_HTTP_KEEP_ALIVE_TIMEOUT_MS',
    explanation:
      'gateway: an HTTP connection without a request for this long is closed; ' +
      'more than the idle time-out of a load balancer in front',
  }),
  httpMaxConnections: integer(
    5_000,
    { min: 1, max: 1_000_000 },
    {
      name: 'SIGNALBOX_HTTP_MAX_CONNECTIONS',
      explanation: 'gateway: maximum number of HTTP connections per process',
      example: '5000',
    },
  ),
  maxInFlight: integer(
    20_000,
    { min: 1, max: 10_000_000 },
    {
      name: 'SIGNALBOX_MAX_IN_FLIGHT',
      explanation: 'maximum messages in progress per process; more get ESME_RTHROTTLED',
      example: '20000',
    },
  ),
  databasePoolSize: integer(
    6,
    // Housekeeping publishes to a queue while it holds a transaction open.
    { min: 2, max: 1_000 },
    {
      name: 'SIGNALBOX_DATABASE_POOL_SIZE',
      explanation: 'maximum number of PostgreSQL connections per process',
      example: '6',
    },
  ),
}

/** Under which processes on this machine reach what listens on a host. */
export function definiteHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? HOST_OF_UP : host
}

/** The host itself where it is a definite address, else the first that others may reach. */
function reachableAddress(env: NodeJS.ProcessEnv): string {
  const host = env['SIGNALBOX_HOST']?.trim() || '0.0.0.0'
  if (host !== '0.0.0.0' && host !== '::') return host
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const outward = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  return outward?.address ?? '127.0.0.1'
}
