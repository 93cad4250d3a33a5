// Trouble that comes from the values themselves, whoever writes them and whenever: the item that
// holds them is found and set aside. All other trouble may pass, and is met by trying again.

import { QueryRefused } from '../database/database.ts'
import { PduError } from '../smpp/index.ts'

/**
 * SQLSTATE classes of refusals that the same values get again, whenever they come:
 * - 21 cardinality violation: a list of values contradicts itself
 * - 22 data exception: a NUL in a text, a number or time out of range
 * - 23 integrity constraint violation: a missing value, a failed check
 * - 44 violation of a check option
 * - 54 program limit exceeded: a value too long for its index
 *
 * All others depend on more than the values, and may pass: 08 (connection), 25 (state of the
 * transaction, a failover), 40 (deadlock, serialisation), 53 (resources), 55 (a lock, an object in
 * use), 57 (an operator, a timeout), 58 and XX (the server itself). So may 0A and 42: no value
 * makes a prepared statement wrong. It does not fit the schema during a rollout, and to set
 * messages aside then would empty the queue.
 */
const HARMFUL_CLASSES = new Set(['21', '22', '23', '44', '54'])

/** Octets without an encoding, and values that the database refuses for good. */
export function doesHarm(error: unknown): error is Error {
  if (error instanceof PduError) return true
  return error instanceof QueryRefused && HARMFUL_CLASSES.has(error.sqlState.slice(0, 2))
}
