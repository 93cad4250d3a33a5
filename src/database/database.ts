// Queries to the database. A query either answers or throws: StoreUnavailable if the database could
// not be reached or the connection was lost on the way (try again later), QueryRefused if it
// refused the statement (trying again does not help). Nothing here retries: callers know what to
// repeat.

import pg from 'pg'
import { asError } from '../flow/asError.ts'
import { ARRAY_TYPES, type ArrayType, encodeArray, UnfitParameter } from './binaryArray.ts'

export class StoreUnavailable extends Error {
  readonly code = 'STORE_UNAVAILABLE'
}

/** The database refused a statement. `sqlState` is the reason (PostgreSQL appendix A). */
export class QueryRefused extends Error {
  readonly code = 'QUERY_REFUSED'
  readonly sqlState: string
  constructor(message: string, sqlState: string, options: { cause: unknown }) {
    super(message, options)
    this.sqlState = sqlState
  }
}

export interface DatabaseOutage {
  /** A query could not be made, or a connection was lost. */
  failed(error: Error): void
  /** A query was answered. Called for each one. */
  recovered(): void
}

export interface DatabaseOptions {
  databaseUrl: string
  poolSize: number
  applicationName: string
  /** Follows whether the database answers, over all queries. */
  outage?: DatabaseOutage
  /** For processes on the way of a message. Reports leave the choice to the planner. */
  plansByIndex?: boolean
  limits?: TransactionLimits
}

/**
 * A connection keeps the plan of a prepared statement. A plan that was made for an empty table
 * reads the whole table for each row it looks for, even when the table has grown to 200,000 rows:
 * receipts stopped for a minute, until the next analyze. All our statements have their index.
 */
const BY_INDEX = '-c enable_seqscan=off'

export interface Statement {
  /** Prepared once per connection under this name. */
  name: string
  /** Array parameters are cast, like `$1::text[]`. */
  text: string
}

export interface Database {
  readonly pool: pg.Pool
  run<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
  transaction<Result>(work: (run: Database['run']) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/**
 * How long a transaction may keep others waiting; all well below the leases of envelopes (60 s) and
 * of binds (90 s), so that what had to wait is repeated by whoever holds the lease.
 */
export interface TransactionLimits {
  /**
   * Between two statements. A process that was stopped inside a transaction keeps its row locks
   * until TCP gives up, after hours: the server ends the transaction instead.
   */
  idleMs: number
  /**
   * For a lock. Longer than `idleMs`, so that whoever waits for a stopped process goes on when the
   * server has ended its transaction, without a failure.
   */
  lockMs: number
  /** Longer than any healthy statement of ours. */
  statementMs: number
  /** For the server's answer: a stopped server must not hold callers forever. */
  answerMs: number
}

const LIMITS: TransactionLimits = {
  idleMs: 5_000,
  lockMs: 8_000,
  statementMs: 12_000,
  answerMs: 15_000,
}
const CONNECT_TIMEOUT_MS = 3_000
/** Pooled connections can stay on the demoted writer after a failover, so each has an end. */
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
  // An idle connection was lost. The pool replaces it by itself.
  pool.on('error', (error) => outage?.failed(error))
  return {
    pool,
    run: (statement, values) => followed(runOn(pool, statement, values), outage),
    transaction: (work) => followed(inTransaction(pool, work), outage),
    close: () => pool.end(),
  }
}

/** A refusal is an answer too. */
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
    return result.rows as Row[] // the statement's author names the columns in Row
  } catch (error) {
    throw storeError(error)
  }
}

const arraysByText = new Map<string, ReadonlyMap<number, ArrayType>>()

/** Encodes arrays in binary form where the casts of the statement tell their type. */
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
  // A connection that is lost between two statements emits an error, which would end the process
  // without a listener. The next statement fails and tells the caller.
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
    // Only a connection that answered and could roll back is kept.
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
 * Read-only after a failover, or told to go, as after too long a pause in a transaction (25P03):
 * such a connection is of no more use. And a lock that was not to be had in time (55P03): whoever
 * holds it lets go some time.
 */
const MAY_PASS = new Set(['25006', '25P03', '55P03', '57P01', '57P02', '57P03'])
/** Connection, sign-in, out of resources, operator intervention, system error, internal error. */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '53', '57', '58', 'XX'])

const INVALID_TEXT = '22P02'

/** Sorts the errors that `pg` throws. */
export function storeError(error: unknown): Error {
  if (error instanceof StoreUnavailable || error instanceof QueryRefused) return error
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    const { code: sqlState, message } = error
    if (MAY_PASS.has(sqlState) || UNAVAILABLE_CLASSES.has(sqlState.slice(0, 2)))
      return new StoreUnavailable(`the store refuses work: ${message}`, { cause: error })
    return new QueryRefused(message, sqlState, { cause: error })
  }
  // The server would have refused the text form with the same state.
  if (error instanceof UnfitParameter)
    return new QueryRefused(error.message, INVALID_TEXT, { cause: error })
  if (error instanceof Error && isConnectionTrouble(error))
    return new StoreUnavailable(`the store cannot be reached: ${error.message}`, { cause: error })
  return asError(error)
}

const QUERY_CANCELED = '57014'

/** Whether a statement was ended because it took longer than its time-out. */
export function tookTooLong(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : error
  return cause instanceof pg.DatabaseError && cause.code === QUERY_CANCELED
}

function isConnectionTrouble(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z_]+$/.test(error.code))
    return true
  return /connection|timeout|terminated|Client was closed|not queryable/i.test(error.message)
}
