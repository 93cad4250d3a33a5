import { problem } from '../../runtime/problem.ts'
import type { Problem } from '../../runtime/problem.ts'
import { labelled } from '../../platform/problemItem.ts'
import type { ProblemItem } from '../../platform/problemItem.ts'

/**
 * `pointers` has a JSON pointer into the request body for each entry of `errors`, in the same
 * order.
 */
export interface AdminProblem extends Problem {
  readonly pointers?: readonly string[]
}

/** Thrown by handlers and validators. The server answers with the problem document of the error. */
export class ProblemError extends Error {
  readonly code = 'PROBLEM'
  readonly document: AdminProblem

  constructor(status: number, detail: string, items?: readonly ProblemItem[]) {
    super(detail)
    this.name = 'ProblemError'
    this.document = {
      ...problem(status, detail, items?.map(labelled)),
      ...(items && { pointers: items.map(({ pointer }) => pointer) }),
    }
  }
}

/** Creates the error for an invalid request. Its detail lists the first five problems. */
export function invalid(items: readonly ProblemItem[]): ProblemError {
  const shown = items.slice(0, 5).map(labelled)
  const rest = items.length - shown.length
  if (rest > 0) shown.push(`and ${rest} more`)
  return new ProblemError(422, shown.join('; '), items)
}
