// A resource kind is a value that defines everything that is specific to one kind of resource: its
// names, its schema, its references to other kinds, and its secrets. Documents, plans, the reader,
// the in-memory platform and the admin API are derived from the kinds in resourceKinds.ts and do
// not mention any kind by name.

import type { z } from 'zod'
import type { ProblemItem } from './problemItem.ts'

/** Replaces a secret in a document. When the document is applied, the stored secret is kept. */
export const HIDDEN = '(hidden)'

/** The stored id of a resource that exists only once. */
export const SINGLE_ID = 'active'

export interface Identified {
  readonly id: string
}

/** The path from a document or a resource to a place in it: `['routes', 0, 'connector']`. */
export type Keys = readonly PropertyKey[]

/** A resource and its place in a document. */
export interface Placed<Spec extends object> {
  readonly id: string
  readonly spec: Spec
  /** The place in the document: `['users', 0]`. */
  readonly keys: Keys
  /** The same place in readable form: `users.alice`. */
  readonly name: string
}

/** A reference to another resource. */
export interface Reference {
  readonly id: string
  readonly at: Keys
  /** A readable text that distinguishes this reference from others: `prefix 43`. */
  readonly use: string
}

export interface ReferencesTo<Spec extends object> {
  readonly to: Pick<ResourceKind, 'kind' | 'title'>
  in(spec: Spec): readonly Reference[]
  /**
   * The field that contains the id of the referenced resource. The database finds the referring
   * resources by this field. Only kinds with very many resources need it. The resources of other
   * kinds are all read.
   */
  readonly field?: string
  /** Explains why the referenced resource cannot be deleted, and what to do first. */
  whyNeeded(id: string, uses: string): string
}

/** The result of sealing: a spec whose secrets have their stored form, or a problem. */
export type Sealed<Spec extends object> =
  | { readonly kind: 'sealed'; readonly spec: Spec }
  | { readonly kind: 'problem'; readonly at: Keys; readonly detail: string }

/** The optional properties of a kind. */
export interface KindTraits<Spec extends object> {
  readonly references?: readonly ReferencesTo<Spec>[]
  /** Maps each secret field, whose value is never shown, to its displayed name. */
  readonly secrets?: { readonly [Field in keyof Spec & string]?: string }
  /**
   * If true, a completely unreadable row removes the resource, because the row may revoke access.
   */
  readonly isRevocable?: boolean
  /** Hashes secrets that are given as plain text, and replaces HIDDEN with the stored secret. */
  seal?(given: Spec, stored: Spec | undefined): Sealed<Spec> | Promise<Sealed<Spec>>
  /** Replaces secrets that must not leave the process with HIDDEN. */
  mask?(spec: Spec): Spec
  /**
   * Finds conflicts between resources of this kind. Their secrets are already sealed.
   *
   * @param stored the resources of this kind before the change, by id
   */
  conflicts?(
    resources: readonly Placed<Spec>[],
    stored: ReadonlyMap<string, Spec>,
  ): readonly ProblemItem[]
  /**
   * The stored field values by which the database finds the resources that may conflict with the
   * given resource. Only kinds with very many resources need this function. The resources of other
   * kinds are all read.
   */
  rivals?(given: Spec): readonly { readonly field: string; readonly value: string }[]
  /** Fields that are ordered lists, with a text for each entry. Changes are shown by entry. */
  orderedLists?(spec: Spec): Readonly<Record<string, readonly string[]>>
  /**
   * For kinds whose resources may have waiting messages: explains why such a resource cannot be
   * deleted, and what to do first.
   */
  whyAwaited?(id: string, messages: number): string
}

interface KindNames<Kind extends string, Key extends string> {
  /** The name in stored rows and in changes: `account`. */
  readonly kind: Kind
  /** The name in documents: `accounts`. */
  readonly key: Key
}

interface KindBase<Kind extends string, Key extends string, Schema extends z.ZodType<object>>
  extends KindNames<Kind, Key>, KindTraits<z.output<Schema>> {
  readonly schema: Schema
  /** The name in paths of the admin API: `accounts`. */
  readonly path: string
  /** The name in sentences: `account`. */
  readonly title: string
}

/** A kind with any number of resources, each of which has an id. */
export interface ListKind<
  Kind extends string,
  Key extends string,
  Schema extends z.ZodType<Identified>,
> extends KindBase<Kind, Key, Schema> {
  readonly isSingle: false
}

/** A kind with exactly one resource, which always exists. Until it is stored, it has defaults. */
export interface SingleKind<
  Kind extends string,
  Key extends string,
  Schema extends z.ZodType<object>,
> extends KindBase<Kind, Key, Schema> {
  readonly isSingle: true
  readonly initial: z.output<Schema>
}

/**
 * Any resource kind. Its functions are declared as methods, so that TypeScript accepts a kind of
 * users as a kind of objects. This is safe, because a kind only gets specs that its own schema
 * parsed.
 */
export type ResourceKind = KindBase<string, string, z.ZodType<object>> &
  ({ readonly isSingle: false } | { readonly isSingle: true; readonly initial: object })

type Definition<
  Kind extends string,
  Key extends string,
  Schema extends z.ZodType<object>,
> = KindNames<Kind, Key> & { readonly schema: Schema } & KindTraits<z.output<Schema>>

export function listKind<
  const Kind extends string,
  const Key extends string,
  Schema extends z.ZodType<Identified>,
>(definition: Definition<Kind, Key, Schema>): ListKind<Kind, Key, Schema> {
  return { ...definition, ...wordsOf(definition), isSingle: false }
}

export function singleKind<
  const Kind extends string,
  const Key extends string,
  Schema extends z.ZodType<object>,
>(definition: Definition<Kind, Key, Schema>): SingleKind<Kind, Key, Schema> {
  const initial = definition.schema.parse({})
  return { ...definition, ...wordsOf(definition), isSingle: true, initial }
}

function wordsOf({ kind, key }: KindNames<string, string>): { path: string; title: string } {
  const path = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return { path, title: kind.replaceAll('_', ' ') }
}

/** The problem that is reported if a field is HIDDEN but has no stored value. */
export function nothingToKeep(field: string): Extract<Sealed<never>, { kind: 'problem' }> {
  const detail = `is ${HIDDEN}, but no ${field} is stored yet: give the ${field} itself`
  return { kind: 'problem', at: [field], detail }
}
