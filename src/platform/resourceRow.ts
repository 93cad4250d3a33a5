/** A resource as the database keeps it. The kind may be one that this version does not know. */
export interface ResourceRow {
  readonly kind: string
  readonly id: string
  readonly spec: unknown
  readonly revision: number
  readonly deleted: boolean
}

/** One write to the stored platform. */
export interface ResourceChange {
  readonly kind: string
  readonly id: string
  /** Undefined deletes the resource. */
  readonly spec: unknown
}

/** Somebody else wrote a revision between the reading and the writing of a change. */
export class RevisionConflict extends Error {
  readonly code = 'REVISION_CONFLICT'
}
