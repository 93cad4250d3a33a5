// Runs queries on the database. A query either returns rows or throws. StoreUnavailable means that
// the database could not be reached or that the connection was lost during the query; a later retry
// may succeed. QueryRefused means that the database rejected the statement, so a retry does not
// help. This module never retries a query, because only the caller knows whether the query can be
// repeated.

import pg from 'pg'
import { asError } from '../flow/asError.ts'
import { ARRAY_TYPES, type ArrayType, encodeArray, UnfitParameter } from './binaryArray.ts'

export class StoreUnavailable extends Error {
  readonly code = 'STORE_UNAVAILABLE'
}

/** The database rejected a statement. `sqlState` is the reason (PostgreSQL appendix A). */
export class QueryRefused extends Error {
  readonly code = 'QUERY_REFUSED'
  readonly sqlState: string
  constructor(message: string, sqlState: string, options: { cause: unknown }) {
    super(message, options)
    this.sqlState = sqlState
  }
}

export interface DatabaseOutage {
  /** Called when a query could not be sent, or when a connection was lost. */
  failed(error: Error): void
  /** Called after every query that the database answered. */
  recovered(): void
}

export interface DatabaseOptions {
  databaseUrl: string
  poolSize: number
  applicationName: string
  /** Notified about the success or failure of every query. */
  outage?: DatabaseOutage
  /**
   * Disables sequential scans. Processes that handle messages set this option. Processes that only
   * read reports do not.
   */
  plansByIndex?: boolean
  limits?: TransactionLimits
}

/**
 * The connection option behind `plansByIndex`. A connection keeps the plan of each prepared
 * statement. A plan made for an empty table reads the whole table for each row that it looks up,
 * even after the table has grown to 200,000 rows. In one case, no receipts were processed for a
 * minute, until the next analyze. Disabling sequential scans is safe in the processes that set
 * `plansByIndex`, because each of their statements can use an index.
 */
const BY_INDEX = '-c enable_seqscan=off'

export interface Statement {
  /** The statement is prepared once per connection under this name. */
  name: string
  /** The SQL text. Array parameters must be cast, for example `$1::text[]`. */
  text: string
}

export interface Database {
  readonly pool: pg.Pool
  run<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
  transaction<Result>(work: (run: Database['run']) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/**
 * Limits how long a transaction may keep other transactions waiting. All limits are well below the
 * time for which a process leases queued envelopes (60 s) and binds (90 s), so that a process that
 * had to wait still holds its lease and can retry.
 */
export interface TransactionLimits {
  /**
   * The longest pause between two statements. Without this limit, a process that is frozen inside a
   * transaction would keep its row locks until TCP gives up after hours.
   */
  idleMs: number
  /**
   * The longest wait for a lock. It is longer than `idleMs`, so that the server ends the
   * transaction of a frozen process before another process gives up waiting for its lock.
   */
  lockMs: number
  /** The longest run time of one statement. Our statements normally take less time. */
  statementMs: number
  /** The longest wait for the server's answer, so that a frozen server cannot block callers. */
  answerMs: number
}

const LIMITS: TransactionLimits = {
  idleMs: 5_000,
  lockMs: 8_000,
  statementMs: 12_000,
  answerMs: 15_000,
}
const CONNECT_TIMEOUT_MS = 3_000
/**
 * Connections are replaced after this time, because after a failover an old connection may still
 * lead to the demoted server.
 */
const MAX_LIFETIME_SECONDS = 1800

export function openDatabase(options: DatabaseOptions): Database {
  const { limits = LIMITS, outage } = options
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.poolSize,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: limits.answerMs,
    statement_timeout: limits.statementMs,
    lock_timeout: limits.lockMs,
    idle_in_transaction_session_timeout: limits.idleMs,
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
    keepAlive: true,
    ...(options.plansByIndex ? { options: BY_INDEX } : {}),
  })
  // The pool emits this event when an idle connection is lost, and replaces the connection.
  pool.on('error', (error) => outage?.failed(error))
  return {
    pool,
    run: (statement, values) => followed(runOn(pool, statement, values), outage),
    transaction: (work) => followed(inTransaction(pool, work), outage),
    close: () => pool.end(),
  }
}

/** Reports the outcome of a query to `outage`. A rejected statement counts as an answer. */
function followed<Result>(
  query: Promise<Result>,
  outage: DatabaseOutage | undefined,
): Promise<Result> {
  if (!outage) return query
  return query.then(
    (result) => {
      outage.recovered()
      return result
    },
    (error: Error) => {
      if (error instanceof StoreUnavailable) outage.failed(error)
      else if (error instanceof QueryRefused) outage.recovered()
      throw error
    },
  )
}

async function runOn<Row>(
  on: pg.Pool | pg.PoolClient,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    const { name, text } = statement
    const result = await on.query({ name, text, values: parametersOf(statement, values) })
    return result.rows as Row[] // the caller declares the columns of its statement in Row
  } catch (error) {
    throw storeError(error)
  }
}

const arraysByText = new Map<string, ReadonlyMap<number, ArrayType>>()

/** Encodes array parameters in binary form if the statement casts them to a known element type. */
function parametersOf({ text }: Statement, values: readonly unknown[]): unknown[] {
  let arrays = arraysByText.get(text)
  if (!arrays) arraysByText.set(text, (arrays = arraysIn(text)))
  return values.map((value, index) => {
    const type = arrays.get(index + 1)
    return type && Array.isArray(value) ? encodeArray(type, value) : value
  })
}

function arraysIn(text: string): ReadonlyMap<number, ArrayType> {
  const casts = [...text.matchAll(/\$(\d+)::(\w+)\[\]/g)]
  return new Map(
    casts.flatMap(([, number, name]) => {
      const type = ARRAY_TYPES.find((known) => known === name)
      return type ? [[Number(number), type]] : []
    }),
  )
}

async function inTransaction<Result>(
  pool: pg.Pool,
  work: (run: Database['run']) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect().catch((error: unknown) => {
    throw storeError(error)
  })
  // A connection that is lost between two statements emits an error. Without a listener, this error
  // would end the process. The caller learns of the loss when its next statement fails.
  const onLost = (): void => undefined
  client.on('error', onLost)
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work((statement, values) => runOn(client, statement, values))
    await client.query('commit')
    return result
  } catch (error) {
    const reason = storeError(error)
    // The connection is kept only if the database rejected the statement and then rolled the
    // transaction back.
    if (!(reason instanceof QueryRefused && (await rollBack(client)))) broken = reason
    throw reason
  } finally {
    client.off('error', onLost)
    client.release(broken)
  }
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  return client.query('rollback').then(
    () => true,
    () => false,
  )
}

/**
 * SQLSTATEs after which a retry may succeed on a new connection: the server became read-only after
 * a failover (25006), ended an idle transaction (25P03), or is shutting down or starting (57P01 to
 * 57P03). After a lock time-out (55P03), the lock will eventually be released.
 */
const MAY_PASS = new Set(['25006', '25P03', '55P03', '57P01', '57P02', '57P03'])
/**
 * SQLSTATE classes that mean that the database is unavailable: connection error (08), sign-in error
 * (28), insufficient resources (53), operator intervention (57), system error (58) and internal
 * error (XX).
 */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '53', '57', '58', 'XX'])

const INVALID_TEXT = '22P02'

/**
 * Converts a database error to StoreUnavailable or QueryRefused. Returns other errors unchanged.
 */
export function storeError(error: unknown): Error {
  if (error instanceof StoreUnavailable || error instanceof QueryRefused) return error
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    const { code: sqlState, message } = error
    if (MAY_PASS.has(sqlState) || UNAVAILABLE_CLASSES.has(sqlState.slice(0, 2)))
      return new StoreUnavailable(`the database cannot run statements now: ${message}`, {
        cause: error,
      })
    return new QueryRefused(message, sqlState, { cause: error })
  }
  // A value could not be encoded in binary form. If it had been sent as text, the server would have
  // rejected it with this SQLSTATE.
  if (error instanceof UnfitParameter)
    return new QueryRefused(error.message, INVALID_TEXT, { cause: error })
  if (error instanceof Error && isConnectionTrouble(error))
    return new StoreUnavailable(`cannot reach the database: ${error.message}`, { cause: error })
  return asError(error)
}

const QUERY_CANCELED = '57014'

/** Whether the server cancelled a statement because it ran longer than its time-out. */
export function tookTooLong(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : error
  return cause instanceof pg.DatabaseError && cause.code === QUERY_CANCELED
}

function isConnectionTrouble(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z_]+$/.test(error.code))
    return true
  return /connection|timeout|terminated|Client was closed|not queryable/i.test(error.message)
}
