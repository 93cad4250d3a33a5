import { problem } from '../../runtime/problem.ts'
import type { Problem } from '../../runtime/problem.ts'
import { labelled } from '../../platform/problemItem.ts'
import type { ProblemItem } from '../../platform/problemItem.ts'

/** Each of `pointers` says where in the request's body the error of the same index lies. */
export interface AdminProblem extends Problem {
  readonly pointers?: readonly string[]
}

/** Thrown by handlers and validators; the server answers with its document. */
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

/** A refused request body. Its detail names the first few faults, for people and for curl. */
export function invalid(items: readonly ProblemItem[]): ProblemError {
  const shown = items.slice(0, 5).map(labelled)
  const rest = items.length - shown.length
  if (rest > 0) shown.push(`and ${rest} more`)
  return new ProblemError(422, shown.join('; '), items)
}
