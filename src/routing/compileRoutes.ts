// Chooses the connector for a destination: the first matching prefix of an ordered list wins, and a
// default comes last. The list is compiled, so that a million rows cost one look-up per distinct
// prefix length instead of a scan.

export interface RouteRule {
  prefix: string
  connector: string
}

export type RouteChoice = (destination: string) => string | undefined

/** `destination`: digits in international form. Undefined if no rule matches. */
export function compileRoutes(
  rules: readonly RouteRule[],
  byDefault: string | undefined,
): RouteChoice {
  const firstByPrefix = new Map<string, number>()
  for (const [order, { prefix }] of rules.entries()) {
    if (!firstByPrefix.has(prefix)) firstByPrefix.set(prefix, order)
  }
  const lengths = [...new Set(rules.map(({ prefix }) => prefix.length))]
  return (destination) => {
    let first = rules.length
    for (const length of lengths) {
      if (length > destination.length) continue
      const order = firstByPrefix.get(destination.slice(0, length))
      if (order !== undefined && order < first) first = order
    }
    return rules[first]?.connector ?? byDefault
  }
}
