// The rows that a follower has seen, and the Platform they make. A row is parsed once, when it
// comes. If this version cannot read a row, its readable fields count and the others keep their
// last readable values. A row without readable fields leaves the resource as it was, except that a
// user is gone, since the row may revoke it. A snapshot keeps the newest row and the last readable
// one, so that the same holds after a restart.

import { SharingMapDraft } from '../flow/sharingMap.ts'
import { EMPTY_PLATFORM, platformOf } from './platform.ts'
import type { Platform } from './platform.ts'
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

/** Ids of the resources whose rows came, by kind. */
export type ChangedIds = ReadonlyMap<string, ReadonlySet<string>>

export class PlatformRows {
  readonly #held = new SharingMapDraft<HeldRow>()
  readonly #specs = new Map<string, SharingMapDraft<object>>()
  #changed = new Map<string, Set<string>>()
  #committed = this.#held.finish()
  #platform = EMPTY_PLATFORM

  get platform(): Platform {
    return this.#platform
  }

  /**
   * What a snapshot keeps, rows of unknown kinds included. To be applied in this order. The rows
   * are those of the last commit, even if changes come before the last of them has been read.
   */
  kept(): Generator<ResourceRow> {
    return keptRows(this.#committed.values())
  }

  /** Deletions of the resources that are held and that a complete reading lacks. */
  missingFrom(rows: readonly ResourceRow[]): ResourceRow[] {
    const present = new Set(rows.map((row) => resourceKey(row)))
    return [...this.#committed.values()].flatMap(({ newest }) =>
      present.has(resourceKey(newest)) ? [] : [{ ...newest, revision: 0, deleted: true }],
    )
  }

  /** take() and commit() in one. */
  apply(revision: number, rows: readonly ResourceRow[]): UnreadableRow[] {
    const unreadable = this.take(rows)
    this.commit(revision)
    return unreadable
  }

  /** Reads the rows for the next commit. Returns those that cannot be read. */
  take(rows: readonly ResourceRow[]): UnreadableRow[] {
    return rows.flatMap((row) => {
      const error = this.#takeRow(row, kindNamed(row.kind), this.#specsOf(row.kind))
      this.#changedOf(row.kind).add(row.id)
      return error ? [{ row, error }] : []
    })
  }

  /**
   * Makes the Platform of the next revision from all rows that were taken. Kinds without a change
   * keep their maps.
   */
  commit(revision: number): ChangedIds {
    const specs = new Map([...this.#specs].map(([name, draft]) => [name, draft.finish()]))
    this.#platform = platformOf(revision, specs)
    this.#committed = this.#held.finish()
    const changed = this.#changed
    this.#changed = new Map()
    return changed
  }

  #specsOf(kind: string): SharingMapDraft<object> {
    const specs = this.#specs.get(kind) ?? new SharingMapDraft<object>()
    this.#specs.set(kind, specs)
    return specs
  }

  #changedOf(kind: string): Set<string> {
    const ids = this.#changed.get(kind) ?? new Set<string>()
    this.#changed.set(kind, ids)
    return ids
  }

  #takeRow(
    row: ResourceRow,
    kind: ResourceKind | undefined,
    specs: SharingMapDraft<object>,
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

function* keptRows(held: Iterable<HeldRow>): Generator<ResourceRow> {
  for (const { newest, inForce } of held) {
    if (inForce && inForce !== newest) yield inForce
    yield newest
  }
}

export function resourceKey({ kind, id }: Pick<ResourceRow, 'kind' | 'id'>): string {
  return `${kind}/${id}`
}
