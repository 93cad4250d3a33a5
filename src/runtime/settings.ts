import { hostname, networkInterfaces } from 'node:os'
import type { ComponentName } from './componentName.ts'
import { retentionSettings, type RetentionConfig } from './retentionSettings.ts'
import { choice, integer, milliseconds, text, timeout } from './setting.ts'
import type { Range, Setting } from './setting.ts'

/**
 * The settings of a process, from the environment. They define how a process runs. Connectors,
 * accounts and routes are stored in the database instead.
 */
export interface Config extends RetentionConfig {
  /**
   * Empty if the variable is not set. `signalbox up` then starts its own PostgreSQL server, but a
   * component that is started alone exits with an error.
   */
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
  /** If undefined, each component uses its own port from 9090 to 9095; see `healthPortOf`. */
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

const everyComponent = ['gateway', 'router', 'workers', 'dlr', 'admin', 'exporters'] as const
const everyProcess = [...everyComponent, 'up'] as const
const anyPort: Range = { min: 0, max: 65_535 }
const day = 86_400_000

/**
 * The address on which `signalbox up` listens by default. Passwords are sent in plain text, so this
 * is an address to which only this machine can connect.
 */
export const HOST_OF_UP = '127.0.0.1'
const keptSecret = { value: () => 'generated at the first start, in installation.json' }

/** The table of all settings. To add a setting, add a field to `Config` and a row here. */
export const settings = {
  databaseUrl: text('', {
    name: 'DATABASE_URL',
    explanation: 'URL of a PostgreSQL server, version 15 or newer',
    readBy: everyProcess,
    expected: 'a postgres:// or postgresql:// URL',
    example: 'postgresql://signalbox:PASSWORD@db.example.net:5432/signalbox',
    secret: true,
    neededBy: everyComponent,
    underUp: { value: () => 'its own PostgreSQL server' },
    accepts: /^postgres(ql)?:\/\/\S+$/,
  }),
  home: text('.signalbox', {
    name: 'SIGNALBOX_HOME',
    explanation: 'folder for all data of this machine: database, logs, snapshots, secrets',
    readBy: ['gateway', 'router', 'workers', 'dlr', 'up'],
    expected: 'the path of a folder',
    example: '/var/lib/signalbox',
  }),
  instance: text(() => `${hostname()}-${process.pid}`, {
    name: 'SIGNALBOX_INSTANCE',
    explanation: 'name of this process in logs, leases and registries; unique in the whole cluster',
    readBy: everyComponent,
    fallbackInWords: 'the host name and the process id',
    expected: 'at most 120 letters, digits, dots, dashes or underscores',
    example: 'router-7d4b9c-x2x4z',
    underUp: { value: () => 'derived from the installation, component and number', always: true },
    accepts: /^[\w.-]{1,120}$/,
  }),
  logLevel: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', {
    name: 'SIGNALBOX_LOG_LEVEL',
    explanation: 'lowest severity that is logged',
    readBy: everyComponent,
    example: 'debug',
  }),
  logFormat: choice(['json', 'pretty', 'auto'], 'auto', {
    name: 'SIGNALBOX_LOG_FORMAT',
    explanation:
      'form of log lines: json for machines, pretty for people; auto is pretty on a terminal only',
    readBy: everyComponent,
    example: 'json',
    underUp: { value: () => 'json', always: true },
  }),
  host: text('0.0.0.0', {
    name: 'SIGNALBOX_HOST',
    explanation: 'address on which all ports of the process listen',
    readBy: everyProcess,
    expected: 'an IP address or host name',
    example: '127.0.0.1',
    underUp: { value: () => HOST_OF_UP },
    accepts: /^[\w.:-]+$/,
  }),
  advertiseHost: text(reachableAddress, {
    name: 'SIGNALBOX_ADVERTISE_HOST',
    explanation: 'address under which gateways reach this router',
    fallbackInWords:
      '`SIGNALBOX_HOST` if it is a single address, otherwise an address of this machine',
    readBy: ['router'],
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
    explanation: "port for customers' SMPP binds; 0 takes any free port",
    readBy: ['gateway', 'up'],
    example: '2775',
  }),
  httpPort: integer(8080, anyPort, {
    name: 'SIGNALBOX_HTTP_PORT',
    explanation: "port of the customers' HTTP API; 0 takes any free port",
    readBy: ['gateway', 'up'],
    example: '8080',
  }),
  routerPort: integer(7070, anyPort, {
    name: 'SIGNALBOX_ROUTER_PORT',
    explanation: 'port on which gateways call the router; 0 takes any free port',
    readBy: ['router', 'up'],
    example: '7070',
  }),
  adminPort: integer(8090, anyPort, {
    name: 'SIGNALBOX_ADMIN_PORT',
    explanation: 'port of the admin API; 0 takes any free port',
    readBy: ['admin', 'up'],
    example: '8090',
  }),
  healthPort: integer(undefined, anyPort, {
    name: 'SIGNALBOX_HEALTH_PORT',
    explanation:
      'port of /healthz, /ready and /metrics; 0 takes any free port. If not set: gateway 9090, ' +
      'router 9091, workers 9092, dlr 9093, admin 9094, exporters 9095. ' +
      '`signalbox up` uses this port and the next five, in this order',
    readBy: everyProcess,
    example: '9090',
  }),
  pgPort: integer(5439, anyPort, {
    name: 'SIGNALBOX_PG_PORT',
    explanation: 'port of the PostgreSQL server that `signalbox up` starts',
    readBy: ['up'],
    example: '5439',
  }),
  ports: choice(['default', 'auto'], 'default', {
    name: 'SIGNALBOX_PORTS',
    explanation: 'with auto, `signalbox up` takes free ports for everything that it starts',
    readBy: ['up'],
    example: 'auto',
  }),
  clusterToken: text('', {
    name: 'SIGNALBOX_CLUSTER_TOKEN',
    explanation: 'secret that gateways present to routers; must be the same in the whole cluster',
    readBy: ['gateway', 'router', 'up'],
    expected: 'at least 16 characters without spaces',
    example: 'the output of: openssl rand -hex 24',
    secret: true,
    neededBy: ['gateway', 'router'],
    underUp: keptSecret,
    accepts: /^\S{16,}$/,
  }),
  adminToken: text('', {
    name: 'SIGNALBOX_ADMIN_TOKEN',
    explanation: 'bearer token of the admin API; commands such as `signalbox status` send it',
    readBy: ['admin', 'up'],
    expected: 'at least 16 characters without spaces',
    example: 'the output of: openssl rand -hex 24',
    secret: true,
    neededBy: ['admin'],
    underUp: keptSecret,
    accepts: /^\S{16,}$/,
  }),
  secretsDir: text(undefined, {
    name: 'SIGNALBOX_SECRETS_DIR',
    explanation:
      'folder of mounted secrets. A secret setting is read from the file named after its ' +
      'variable, and a password { file: NAME } of a connector from the file NAME. If it is not ' +
      'set, workers read passwords from the folder `secrets` in SIGNALBOX_HOME',
    readBy: everyProcess,
    expected: 'the path of a folder',
    example: '/run/secrets/signalbox',
  }),
  drainTimeoutMs: milliseconds(20_000, day, {
    name: 'SIGNALBOX_DRAIN_TIMEOUT_MS',
    explanation: 'how long a stopping process may take to finish its work',
    readBy: everyProcess,
  }),
  acceptTimeoutMs: milliseconds(8_000, 600_000, {
    name: 'SIGNALBOX_ACCEPT_TIMEOUT_MS',
    explanation: "how long a customer waits for the router's verdict on a message",
    readBy: ['gateway'],
  }),
  queueLeaseMs: timeout(60_000, {
    name: 'SIGNALBOX_QUEUE_LEASE_MS',
    explanation: 'how long a process may hold an envelope before another process gets it',
    readBy: ['workers', 'dlr'],
  }),
  bindLeaseTtlMs: integer(
    90_000,
    { min: 1_000, max: day },
    {
      name: 'SIGNALBOX_BIND_LEASE_TTL_MS',
      unit: 'milliseconds',
      explanation: 'how long a bind slot stays reserved after its holder stops responding',
      readBy: ['workers'],
      example: '90000',
    },
  ),
  bindReleaseAfterMs: milliseconds(30_000, day, {
    name: 'SIGNALBOX_BIND_RELEASE_AFTER_MS',
    explanation:
      'how long a process waits after the bind lease of another process has expired, before it ' +
      'binds instead. Set it to at least the time that the SMSC needs to notice a dead peer',
    readBy: ['workers'],
  }),
  receiptTtlHours: integer(
    72,
    { min: 1, max: 24 * 60 },
    {
      name: 'SIGNALBOX_RECEIPT_TTL_HOURS',
      unit: 'hours',
      explanation:
        'how long a receipt is accepted after its message was submitted, and how long receipts ' +
        'that match no message are kept',
      readBy: ['workers', 'dlr'],
      example: '72',
    },
  ),
  ...retentionSettings,
  sessionInitTimeoutMs: milliseconds(10_000, day, {
    name: 'SIGNALBOX_SESSION_INIT_TIMEOUT_MS',
    explanation: 'an SMPP connection that does not bind in this time is closed; 0 turns this off',
    readBy: ['gateway'],
  }),
  enquireLinkIntervalMs: milliseconds(30_000, day, {
    name: 'SIGNALBOX_ENQUIRE_LINK_INTERVAL_MS',
    explanation:
      'enquire_link is sent after a customer has sent nothing for this long; 0 turns this off',
    readBy: ['gateway'],
  }),
  responseTimeoutMs: milliseconds(30_000, day, {
    name: 'SIGNALBOX_RESPONSE_TIMEOUT_MS',
    explanation:
      'how long a request to a customer, such as deliver_sm, waits for its response; 0 turns ' +
      'this off',
    readBy: ['gateway'],
  }),
  inactivityTimeoutMs: milliseconds(0, day, {
    name: 'SIGNALBOX_INACTIVITY_TIMEOUT_MS',
    explanation: "a customer's bind without messages for this long is closed; 0 turns this off",
    readBy: ['gateway'],
  }),
  maxSessions: integer(
    12_000,
    { min: 1, max: 1_000_000 },
    {
      name: 'SIGNALBOX_MAX_SESSIONS',
      explanation: 'maximum number of SMPP connections per process',
      readBy: ['gateway'],
      example: '12000',
    },
  ),
  httpHeadersTimeoutMs: timeout(5_000, {
    name: 'SIGNALBOX_HTTP_HEADERS_TIMEOUT_MS',
    explanation: 'how long the headers of an HTTP request may take to arrive',
    readBy: ['gateway'],
  }),
  httpRequestTimeoutMs: timeout(10_000, {
    name: 'SIGNALBOX_HTTP_REQUEST_TIMEOUT_MS',
    explanation: 'how long an HTTP request, including its body, may take to arrive',
    readBy: ['gateway'],
  }),
  httpKeepAliveTimeoutMs: timeout(72_000, {
    name: 'SIGNALBOX_HTTP_KEEP_ALIVE_TIMEOUT_MS',
    explanation:
      'an HTTP connection without a request for this long is closed; set it higher than the ' +
      'idle time-out of a load balancer in front',
    readBy: ['gateway'],
  }),
  httpMaxConnections: integer(
    5_000,
    { min: 1, max: 1_000_000 },
    {
      name: 'SIGNALBOX_HTTP_MAX_CONNECTIONS',
      explanation: 'maximum number of HTTP connections per process',
      readBy: ['gateway'],
      example: '5000',
    },
  ),
  maxInFlight: integer(
    20_000,
    { min: 1, max: 10_000_000 },
    {
      name: 'SIGNALBOX_MAX_IN_FLIGHT',
      explanation:
        "maximum number of messages per process that wait for a router's verdict; further " +
        'messages are refused with ESME_RTHROTTLED or HTTP 429',
      readBy: ['gateway'],
      example: '20000',
    },
  ),
  databasePoolSize: integer(
    6,
    // Housekeeping needs two connections, because it publishes to a queue while it holds a
    // transaction open.
    { min: 2, max: 1_000 },
    {
      name: 'SIGNALBOX_DATABASE_POOL_SIZE',
      explanation:
        'maximum number of PostgreSQL connections per process; admin uses at most 4, ' +
        'exporters use 1',
      readBy: ['gateway', 'router', 'workers', 'dlr', 'admin'],
      example: '6',
    },
  ),
} satisfies { readonly [K in keyof Config]: Setting<Config[K]> }

type ReaderOf<K extends keyof Config> = (typeof settings)[K]['readBy'][number]

/** The settings that a component may read: those whose `readBy` lists the component. */
export type ConfigOf<Component extends ComponentName> = Pick<
  Config,
  { [K in keyof Config]: [Component] extends [ReaderOf<K>] ? K : never }[keyof Config]
>

/** The address at which processes on this machine reach a server that listens on `host`. */
export function definiteHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? HOST_OF_UP : host
}

/** SIGNALBOX_HOST if it is a single address, otherwise the first external IPv4 address. */
function reachableAddress(env: NodeJS.ProcessEnv): string {
  const host = env['SIGNALBOX_HOST']?.trim() || '0.0.0.0'
  if (host !== '0.0.0.0' && host !== '::') return host
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const outward = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  return outward?.address ?? '127.0.0.1'
}
