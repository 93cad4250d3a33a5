// The rows that a follower has seen, and the Platform they make. A row is parsed once, when it
// comes. If this version cannot read a row, its readable fields count and the others keep their
// last readable values. A row without readable fields leaves the resource as it was, except that a
// user is gone, since the row may revoke it. A snapshot keeps the newest row and the last readable
// one, so that the same holds after a restart.

import { EMPTY_PLATFORM, platformOf } from './platform.ts'
import type { Platform, Specs } from './platform.ts'
import { readSpec } from './readSpec.ts'
import type { StoredResourceUnreadable } from './readSpec.ts'
import type { ResourceKind } from './resourceKind.ts'
import { kindNamed } from './resourceKinds.ts'
import type { ResourceRow } from './resourceRow.ts'

interface HeldRow {
  readonly newest: ResourceRow
  /** The newest readable row. Undefined without one, or if the kind is unknown here. */
  readonly inForce: ResourceRow | undefined
}

export interface UnreadableRow {
  readonly row: ResourceRow
  readonly error: StoredResourceUnreadable
}

export class PlatformRows {
  readonly #held = new Map<string, HeldRow>()
  readonly #specs = new Map<string, Specs>()
  #platform = EMPTY_PLATFORM

  get platform(): Platform {
    return this.#platform
  }

  /** What a snapshot keeps, rows of unknown kinds included. To be applied in this order. */
  *kept(): Generator<ResourceRow> {
    for (const { newest, inForce } of this.#held.values()) {
      if (inForce && inForce !== newest) yield inForce
      yield newest
    }
  }

  /** Deletions of the resources that are held and that a complete reading lacks. */
  missingFrom(rows: readonly ResourceRow[]): ResourceRow[] {
    const present = new Set(rows.map((row) => resourceKey(row)))
    return [...this.#held.values()].flatMap(({ newest }) =>
      present.has(resourceKey(newest)) ? [] : [{ ...newest, revision: 0, deleted: true }],
    )
  }

  /**
   * Makes the Platform of the next revision from all rows held and the given ones. Kinds without a
   * change keep their maps. Returns the rows that cannot be read.
   */
  apply(revision: number, rows: readonly ResourceRow[]): UnreadableRow[] {
    const unreadable: UnreadableRow[] = []
    for (const [name, changed] of Map.groupBy(rows, ({ kind }) => kind)) {
      const specs = new Map(this.#specs.get(name))
      const kind = kindNamed(name)
      for (const row of changed) {
        const error = this.#take(row, kind, specs)
        if (error) unreadable.push({ row, error })
      }
      this.#specs.set(name, specs)
    }
    this.#platform = platformOf(revision, this.#specs)
    return unreadable
  }

  #take(
    row: ResourceRow,
    kind: ResourceKind | undefined,
    specs: Map<string, object>,
  ): StoredResourceUnreadable | undefined {
    const key = resourceKey(row)
    if (row.deleted) {
      this.#held.delete(key)
      specs.delete(row.id)
      return undefined
    }
    const reading = kind && readSpec(kind, row, specs.get(row.id))
    if (reading?.kind === 'read') specs.set(row.id, reading.spec)
    else if (reading?.partial) specs.set(row.id, reading.partial)
    else if (kind?.isRevocable) specs.delete(row.id)
    const inForce = reading?.kind === 'read' ? row : this.#held.get(key)?.inForce
    this.#held.set(key, { newest: row, inForce })
    return reading?.kind === 'unreadable' ? reading.error : undefined
  }
}

export function resourceKey({ kind, id }: Pick<ResourceRow, 'kind' | 'id'>): string {
  return `${kind}/${id}`
}
