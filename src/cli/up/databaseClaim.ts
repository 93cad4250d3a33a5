// Decides which installations may use a database. Each running `signalbox up` holds two advisory
// locks on a dedicated connection, so that the locks end with the process.
//
// The first lock is exclusive, and its key is derived from the installation's id. While an
// installation runs, the lock prevents the start of a copy of its home folder. The original and the
// copy would use the same instance names, and would take each other's binds, envelopes and
// deliveries.
//
// The second lock is shared, and its key is derived from the information that components need to
// call each other. Two installations with different keys may not share a database, because their
// gateways would send messages to routers that they cannot reach. The keys differ, for example, if
// each installation listens on the loopback address of a different machine or container.
//
// If the connection is lost, it is reopened and the locks are taken again.
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { CliError } from '../client/cliError.ts'

export interface DatabaseClaimOptions {
  readonly databaseUrl: string
  readonly home: string
  /** The id of the installation. */
  readonly installation: string
  readonly clusterToken: string
  /**
   * The host name or address at which other processes reach the components of this installation.
   */
  readonly advertiseHost: string
  /** How long to wait until the server releases the locks of a killed `up`. */
  readonly patienceMs?: number
  /** Reports a problem that the user should know about. */
  onTrouble(what: string): void
}

type Refusal = { readonly kind: 'copy' | 'stranger'; readonly holder: string }

/** The first 32 bits of the keys of the two locks. */
const INSTALLATION_LOCKS = 0x5b0001
const GROUP_LOCKS = 0x5b0002
const PATIENCE_MS = 3_000
const POLL_MS = 100
const RETRY_MS = 2_000
const TIMEOUT_MS = 5_000

/**
 * Makes the server notice that the client's machine no longer responds. This takes up to 25 s: 10 s
 * without traffic, and then 3 probes that are 5 s apart.
 */
const NOTICE_LOSS = `set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5;
  set tcp_keepalives_count = 3`
const LOCK_INSTALLATION = 'select pg_try_advisory_lock($1, $2) as held'
const LOCK_GROUP = 'select pg_try_advisory_lock_shared($1, $2)'
const HOLDERS = `select l.objid = $2 as own, a.application_name || coalesce(
      ' at ' || host(a.client_addr), '') as holder
  from pg_locks l join pg_stat_activity a using (pid)
  where l.locktype = 'advisory' and l.granted and l.classid = $1 and l.objsubid = 2
    and l.database = (select oid from pg_database where datname = current_database())
  order by own desc`

export class DatabaseClaim {
  readonly #options: DatabaseClaimOptions
  readonly #closing = new AbortController()
  #held: Promise<void> = Promise.resolve()

  /**
   * Throws CliError if the database is in use by an installation that cannot share it with this
   * installation.
   */
  static async take(options: DatabaseClaimOptions): Promise<DatabaseClaim> {
    const claim = new DatabaseClaim(options)
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const outcome = await claim.#connect()
      if (outcome instanceof pg.Client) {
        claim.#held = claim.#keep(outcome)
        return claim
      }
      if (waitedMs >= (options.patienceMs ?? PATIENCE_MS)) throw refusalError(outcome, options)
      await delay(POLL_MS)
    }
  }

  private constructor(options: DatabaseClaimOptions) {
    this.#options = options
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#held
  }

  async #keep(first: pg.Client): Promise<void> {
    const { signal } = this.#closing
    for (let client = first; ;) {
      await lostOrAborted(client, signal)
      await client.end().catch(() => undefined)
      const next = await this.#regain()
      if (!next) return
      client = next
    }
  }

  /**
   * Reopens the connection and takes the locks again. Resolves with undefined once the claim is
   * closed.
   */
  async #regain(): Promise<pg.Client | undefined> {
    const { signal } = this.#closing
    for (let told = false; !signal.aborted;) {
      // Errors are ignored here, because the components report that the database is unavailable.
      const outcome = await this.#connect().catch(() => undefined)
      if (outcome instanceof pg.Client) return outcome
      if (outcome && !told) {
        told = true
        this.#options.onTrouble(`${refusalText(outcome)}. Stop one of them immediately`)
      }
      // When the claim is closed, the delay is rejected, and the loop ends.
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
    return undefined
  }

  async #connect(): Promise<pg.Client | Refusal> {
    const { databaseUrl, home } = this.#options
    const client = new pg.Client({
      connectionString: databaseUrl,
      // The server truncates the name to 63 characters.
      application_name: `signalbox up on ${hostname()} in ${home}`,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
    })
    // Without a listener, an error would end the process. A query in progress fails as well.
    client.on('error', () => undefined)
    try {
      await client.connect()
      const refusal = await this.#lock(client)
      if (!refusal) return client
      await client.end()
      return refusal
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  async #lock(client: pg.Client): Promise<Refusal | undefined> {
    await client.query(NOTICE_LOSS)
    const own = [INSTALLATION_LOCKS, lockKey(this.#options.installation)]
    const group = [GROUP_LOCKS, lockKey(groupOf(this.#options))]
    const { rows } = await client.query<{ held: boolean }>(LOCK_INSTALLATION, own)
    if (!rows[0]?.held) return { kind: 'copy', holder: (await holders(client, own, true))[0] ?? '' }
    await client.query(LOCK_GROUP, group)
    const [stranger] = await holders(client, group, false)
    return stranger === undefined ? undefined : { kind: 'stranger', holder: stranger }
  }
}

async function holders(client: pg.Client, lock: number[], isOwn: boolean): Promise<string[]> {
  const { rows } = await client.query<{ own: boolean; holder: string }>(HOLDERS, lock)
  return rows.filter(({ own }) => own === isOwn).map(({ holder }) => holder)
}

async function lostOrAborted(client: pg.Client, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    client.once('end', resolve)
    client.once('error', () => resolve())
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/**
 * Returns a text that is the same for two installations if their components can call each other.
 */
function groupOf({ clusterToken, advertiseHost }: DatabaseClaimOptions): string {
  const isLoopback = /^(127\.|localhost$|::1$)/.test(advertiseHost)
  return `${clusterToken} ${isLoopback ? ownNetwork() : 'network'}`
}

/**
 * Identifies the network that a loopback address belongs to. On Linux, the text names this boot of
 * the machine and the network namespace, which can differ between containers.
 */
function ownNetwork(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/net')}`
  } catch {
    return hostname()
  }
}

/** A positive 31-bit number, which pg_locks shows unchanged. */
function lockKey(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() >>> 1
}

function refusalText({ kind, holder }: Refusal): string {
  const other = holder === '' ? 'another Signalbox' : `another Signalbox (${holder})`
  return kind === 'copy'
    ? `${other} runs on this database from a copy of this home folder`
    : `${other} uses this database, but the components of the two cannot call each other`
}

function refusalError(refusal: Refusal, { home }: DatabaseClaimOptions): CliError {
  const advice =
    refusal.kind === 'copy'
      ? `Stop it first, or start this one with an empty SIGNALBOX_HOME instead of ${home}. If ` +
        'its machine has just crashed, its claim expires within half a minute'
      : 'Set the same SIGNALBOX_CLUSTER_TOKEN for both, and give each a SIGNALBOX_HOST that the ' +
        'other can reach. Otherwise use a different database for this one'
  return new CliError(`${refusalText(refusal)}. ${advice}`, { code: 'DATABASE_IN_USE' })
}
