/** A stored resource. Its kind may be unknown to this version of Signalbox. */
export interface ResourceRow {
  readonly kind: string
  readonly id: string
  readonly spec: unknown
  readonly revision: number
  readonly deleted: boolean
}

/** A change to one stored resource: it is created, replaced or deleted. */
export interface ResourceChange {
  readonly kind: string
  readonly id: string
  /** If the spec is undefined, the resource is deleted. */
  readonly spec: unknown
}

/** Another writer created a revision after this writer had read the platform. */
export class RevisionConflict extends Error {
  readonly code = 'REVISION_CONFLICT'
}
