// Separates permanent errors, which are caused by the values to be written, from temporary errors.
// After a permanent error, the item with the bad values is found and set aside as a dead letter.
// After any other error, the write is retried.

import { QueryRefused } from '../database/database.ts'
import { PduError } from '../smpp/index.ts'

/**
 * SQLSTATE classes of permanent errors, which the same values would cause again:
 * - 21 cardinality violation: a list of values contradicts itself
 * - 22 data exception: a NUL in a text, a number or time out of range
 * - 23 integrity constraint violation: a missing value, a failed check
 * - 44 violation of a check option
 * - 54 program limit exceeded: a value too long for its index
 *
 * All other classes depend on more than the values and may be temporary: 08 (connection), 25 (state
 * of the transaction, a failover), 40 (deadlock, serialisation), 53 (resources), 55 (a lock, an
 * object in use), 57 (an operator, a timeout), 58 and XX (the server itself). Classes 0A and 42 are
 * also treated as temporary, because no value makes a prepared statement invalid. During a rollout,
 * a statement may not match the schema yet. If messages were set aside for that reason, every
 * message of the queue would become a dead letter.
 */
const HARMFUL_CLASSES = new Set(['21', '22', '23', '44', '54'])

/**
 * Returns whether the error is permanent: a PDU that cannot be encoded, or values that the database
 * refuses.
 */
export function doesHarm(error: unknown): error is Error {
  if (error instanceof PduError) return true
  return error instanceof QueryRefused && HARMFUL_CLASSES.has(error.sqlState.slice(0, 2))
}
