// Holds the rows that a process has read, and builds the Platform from them. Each row is parsed
// once. If this version of Signalbox cannot read a row, the readable fields are used, and the other
// fields keep their last readable values. If no field is readable, the resource does not change. A
// user is an exception: it is removed, because the row may revoke the user's access. A snapshot
// contains the newest row and the last readable row of each resource, so that a restart gives the
// same result.

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
  /**
   * The newest readable row. Undefined if no row was readable, or if this version does not know the
   * kind.
   */
  readonly inForce: ResourceRow | undefined
}

export interface UnreadableRow {
  readonly row: ResourceRow
  readonly error: StoredResourceUnreadable
}

/** The ids of resources with new rows, by kind. */
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
   * Returns the rows for a snapshot, including rows of unknown kinds. The rows must be applied in
   * this order. The generator returns the rows of the last commit before the call, even if rows
   * change while the generator runs.
   */
  kept(): Generator<ResourceRow> {
    return keptRows(this.#committed.values())
  }

  /**
   * Returns a deletion for each committed resource that is missing from `rows`, which must be
   * complete.
   */
  missingFrom(rows: readonly ResourceRow[]): ResourceRow[] {
    const present = new Set(rows.map((row) => resourceKey(row)))
    return [...this.#committed.values()].flatMap(({ newest }) =>
      present.has(resourceKey(newest)) ? [] : [{ ...newest, revision: 0, deleted: true }],
    )
  }

  /** Calls take() and then commit(). */
  apply(revision: number, rows: readonly ResourceRow[]): UnreadableRow[] {
    const unreadable = this.take(rows)
    this.commit(revision)
    return unreadable
  }

  /** Parses rows for the next commit. Returns the rows that cannot be read. */
  take(rows: readonly ResourceRow[]): UnreadableRow[] {
    return rows.flatMap((row) => {
      const error = this.#takeRow(row, kindNamed(row.kind), this.#specsOf(row.kind))
      this.#changedOf(row.kind).add(row.id)
      return error ? [{ row, error }] : []
    })
  }

  /**
   * Builds the Platform of the next revision from all rows taken so far. Kinds without a change
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
