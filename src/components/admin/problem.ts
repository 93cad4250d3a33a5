import { problem } from '../../runtime/problem.ts'
import type { Problem } from '../../runtime/problem.ts'

/** One thing wrong in a request; `pointer` is a JSON pointer (RFC 6901) into its body. */
export interface ProblemItem {
  readonly pointer: string
  /** The same place as people write it: `connectors[0].port`; '' for the whole. */
  readonly path: string
  readonly detail: string
}

/** `pointers` go with `errors`, one by one: where in the request's body each of them is. */
export interface AdminProblem extends Problem {
  readonly pointers?: readonly string[]
}

/** Thrown by handlers and validators, answered as its document. */
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

/** A request with items that are wrong: its detail names the first few, for eyes and curl. */
export function invalid(items: readonly ProblemItem[]): ProblemError {
  const shown = items.slice(0, 5).map(labelled)
  const rest = items.length - shown.length
  if (rest > 0) shown.push(`and ${rest} more`)
  return new ProblemError(422, shown.join('; '), items)
}

export function labelled({ path, detail }: ProblemItem): string {
  return path === '' ? detail : `${path}: ${detail}`
}

/** `['connectors', 0, 'port']` as a pointer for machines and a path for people. */
export function place(keys: readonly PropertyKey[]): Pick<ProblemItem, 'pointer' | 'path'> {
  const escaped = keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'))
  const path = keys.reduce<string>((before, key) => {
    if (typeof key === 'number') return `${before}[${key}]`
    return before === '' ? String(key) : `${before}.${String(key)}`
  }, '')
  return { pointer: ['#', ...escaped].join('/'), path }
}
