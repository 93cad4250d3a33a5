// Which connector a destination goes to: an ordered list of prefixes, the first that fits wins,
// with a default. Compiled so that a million rows cost a look-up per distinct prefix length, not a
// scan.

export interface RouteRule {
  prefix: string
  connector: string
}

export type RouteChoice = (destination: string) => string | undefined

/** `destination`: digits in international form. The choice is undefined where nothing fits. */
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
