import { resourcesOf } from './platformDocument.ts'
import type { PlatformDocument } from './platformDocument.ts'
import type { ResourceKind } from './resourceKind.ts'
import { RESOURCE_KINDS } from './resourceKinds.ts'

/** The most uses that are listed. Any further uses are only counted. */
const NAMED_MAX = 5

/**
 * Explains why a resource cannot be deleted yet and what to do first. Returns undefined if the
 * resource is unused.
 */
export function usesOf(
  kind: ResourceKind,
  id: string,
  document: PlatformDocument,
): string | undefined {
  const reasons = RESOURCE_KINDS.flatMap((other) =>
    (other.references ?? [])
      .filter(({ to }) => to.kind === kind.kind)
      .flatMap((relation) => {
        const uses = resourcesOf(document, other).flatMap(({ spec }) =>
          relation.in(spec).flatMap((reference) => (reference.id === id ? [reference.use] : [])),
        )
        return uses.length === 0 ? [] : [relation.whyNeeded(id, named(uses))]
      }),
  )
  return reasons.length === 0 ? undefined : reasons.join('. ')
}

function named(uses: readonly string[]): string {
  const rest = uses.length - NAMED_MAX
  const shown = uses.slice(0, NAMED_MAX).join(', ')
  return rest > 0 ? `${shown} and ${rest} more` : shown
}
