// A resource kind is one value with everything that sets it apart: its names, its schema, its
// references to other kinds, its secrets. Documents, plans, the reader, the picture in memory and
// the admin API are derived from the kinds in resourceKinds.ts and mention none of them by name.

import type { z } from 'zod'
import type { ProblemItem } from './problemItem.ts'

/** Stands in a document for a secret that stays as it is stored. */
export const HIDDEN = '(hidden)'

/** The stored id of a resource that exists only once. */
export const SINGLE_ID = 'active'

export interface Identified {
  readonly id: string
}

/** Leads from a document or a resource down to one place in it: `['routes', 0, 'connector']`. */
export type Keys = readonly PropertyKey[]

/** A resource and its place in a document. */
export interface Placed<Spec extends object> {
  readonly id: string
  readonly spec: Spec
  /** `['users', 0]` */
  readonly keys: Keys
  /** The same place as people name it: `users.alice`. */
  readonly name: string
}

/** One mention of another resource. */
export interface Reference {
  readonly id: string
  readonly at: Keys
  /** Tells this mention from the others, for people: `prefix 43`. */
  readonly use: string
}

export interface ReferencesTo<Spec extends object> {
  readonly to: Pick<ResourceKind, 'kind' | 'title'>
  in(spec: Spec): readonly Reference[]
  /**
   * For kinds with very many resources: the field that holds the id, by which those that refer to a
   * resource are found. Other kinds are read as a whole instead.
   */
  readonly field?: string
  /** Why the resource that is referred to cannot be deleted, and what to do first. */
  whyNeeded(id: string, uses: string): string
}

/** A resource with its secrets as they are stored. */
export type Sealed<Spec extends object> =
  | { readonly kind: 'sealed'; readonly spec: Spec }
  | { readonly kind: 'problem'; readonly at: Keys; readonly detail: string }

/** Everything a kind may add to its names and its schema. */
export interface KindTraits<Spec extends object> {
  readonly references?: readonly ReferencesTo<Spec>[]
  /** Fields whose values are never shown, each with the name that people know it by. */
  readonly secrets?: { readonly [Field in keyof Spec & string]?: string }
  /** An unreadable row without a partial spec ends the resource: it may be a revocation. */
  readonly isRevocable?: boolean
  /** Hashes secrets that were given as plain text, and puts the stored ones in place of HIDDEN. */
  seal?(given: Spec, stored: Spec | undefined): Sealed<Spec> | Promise<Sealed<Spec>>
  /** Puts HIDDEN in place of secrets that must not leave the process. */
  mask?(spec: Spec): Spec
  /**
   * Objections to several resources of this kind together; secrets are sealed by then.
   *
   * @param stored the resources of this kind before the change, by id
   */
  conflicts?(
    resources: readonly Placed<Spec>[],
    stored: ReadonlyMap<string, Spec>,
  ): readonly ProblemItem[]
  /**
   * For kinds with very many resources: the stored values by which the resources are found that
   * `conflicts` would name beside the given one. Other kinds are read as a whole instead.
   */
  rivals?(given: Spec): readonly { readonly field: string; readonly value: string }[]
  /** Fields that are ordered lists, one text for each entry: their changes show entry by entry. */
  orderedLists?(spec: Spec): Readonly<Record<string, readonly string[]>>
  /** For kinds that messages wait for: why a resource stays until they are sent, and what to do. */
  whyAwaited?(id: string, messages: number): string
}

interface KindNames<Kind extends string, Key extends string> {
  /** In stored rows and in changes: `account`. */
  readonly kind: Kind
  /** In documents: `accounts`. */
  readonly key: Key
}

interface KindBase<Kind extends string, Key extends string, Schema extends z.ZodType<object>>
  extends KindNames<Kind, Key>, KindTraits<z.output<Schema>> {
  readonly schema: Schema
  /** In paths of the API: `accounts`. */
  readonly path: string
  /** In sentences: `account`. */
  readonly title: string
}

/** Any number of resources, each with an id. */
export interface ListKind<
  Kind extends string,
  Key extends string,
  Schema extends z.ZodType<Identified>,
> extends KindBase<Kind, Key, Schema> {
  readonly isSingle: false
}

/** Exactly one resource, which always exists: `{}` of its schema until it is written. */
export interface SingleKind<
  Kind extends string,
  Key extends string,
  Schema extends z.ZodType<object>,
> extends KindBase<Kind, Key, Schema> {
  readonly isSingle: true
  readonly initial: z.output<Schema>
}

/**
 * Any kind. The traits are methods, so a kind of users passes for a kind of objects; specs only
 * ever come from the schema of the same kind.
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

/** The answer to HIDDEN in a field that has no stored value. */
export function nothingToKeep(field: string): Extract<Sealed<never>, { kind: 'problem' }> {
  const detail = `is ${HIDDEN}, but no ${field} is stored yet: give the ${field} itself`
  return { kind: 'problem', at: [field], detail }
}
