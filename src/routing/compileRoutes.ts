// Chooses the connector for a destination. The candidates are the rules whose prefix matches, in
// the order of the list, followed by the default. The first usable connector is chosen. The list is
// compiled, so that a choice among a million rules needs only one look-up per prefix length.

export interface RouteRule {
  prefix: string
  connector: string
}

export type RouteChoice =
  | { readonly kind: 'connector'; readonly connector: string }
  /** There are candidates, but all of them are unusable at present. */
  | { readonly kind: 'unusable' }
  | { readonly kind: 'noRoute' }

/** @param destination digits in international form */
export type Router = (destination: string) => RouteChoice

const UNUSABLE: RouteChoice = { kind: 'unusable' }
const NO_ROUTE: RouteChoice = { kind: 'noRoute' }

/**
 * @param isUsable whether a connector may get messages, according to the same revision of the
 * platform as the rules
 */
export function compileRoutes(
  rules: readonly RouteRule[],
  byDefault: string | undefined,
  isUsable: (connector: string) => boolean,
): Router {
  const { usable = [], skipped = [] } = Object.groupBy(rules, ({ connector }) =>
    isUsable(connector) ? 'usable' : 'skipped',
  )
  const firstUsable = compileFirstMatch(usable)
  const firstSkipped = compileFirstMatch(skipped)
  const otherwise = choiceByDefault(byDefault, isUsable)
  return (destination) => {
    const rule = firstUsable(destination)
    if (rule) return { kind: 'connector', connector: rule.connector }
    if (otherwise.kind === 'noRoute' && firstSkipped(destination)) return UNUSABLE
    return otherwise
  }
}

function choiceByDefault(
  byDefault: string | undefined,
  isUsable: (connector: string) => boolean,
): RouteChoice {
  if (byDefault === undefined) return NO_ROUTE
  return isUsable(byDefault) ? { kind: 'connector', connector: byDefault } : UNUSABLE
}

function compileFirstMatch(
  rules: readonly RouteRule[],
): (destination: string) => RouteRule | undefined {
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
    return rules[first]
  }
}
