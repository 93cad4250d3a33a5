/** A fault in a request. `pointer` is a JSON pointer (RFC 6901) into the request's body. */
export interface ProblemItem {
  readonly pointer: string
  /** The same place in readable form: `connectors[0].port`; '' for the whole body. */
  readonly path: string
  readonly detail: string
}

export function labelled({ path, detail }: ProblemItem): string {
  return path === '' ? detail : `${path}: ${detail}`
}

/** Converts keys such as `['connectors', 0, 'port']` into a JSON pointer and a readable path. */
export function place(keys: readonly PropertyKey[]): Pick<ProblemItem, 'pointer' | 'path'> {
  const escaped = keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'))
  const path = keys.reduce<string>((before, key) => {
    if (typeof key === 'number') return `${before}[${key}]`
    return before === '' ? String(key) : `${before}.${String(key)}`
  }, '')
  return { pointer: ['#', ...escaped].join('/'), path }
}
