import { z } from 'zod'
import { closestName } from '../runtime/closestName.ts'
import { place } from '../platform/problemItem.ts'
import type { ProblemItem } from '../platform/problemItem.ts'
import { SECRET_FIELDS } from '../platform/resourceKinds.ts'

type Issue = z.core.$ZodIssue
/** The JSON Schema keywords that this file reads from zod's output. */
interface SchemaNode {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly SchemaNode[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

/**
 * Turns zod's issues into messages such as `expected a number from 1 to 65535, got "abc"`, together
 * with the place of the value, such as `connectors[0].port`. The expectation comes from the schema
 * itself, so that a message names the whole range and not only the limit that was exceeded.
 * Messages never contain secrets.
 */
export function describeIssues(
  schema: z.ZodType,
  issues: readonly Issue[],
  input: unknown,
): ProblemItem[] {
  // zod's type for JSON Schema is loose. SchemaNode declares the keys that this file reads, and all
  // of them are optional.
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
  return issues.flatMap((issue) => {
    const node = nodeAt(root, issue.path)
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue, node)
    const given = valueAt(input, issue.path)
    return [{ ...place(issue.path), detail: sentence(issue, node, given) }]
  })
}

function sentence(issue: Issue, node: SchemaNode | undefined, given: unknown): string {
  if (issue.code === 'custom') return issue.message
  const expected = expectation(issue, node, given)
  if (given === undefined) return `missing; expected ${expected}`
  return `expected ${expected}, got ${shown(given, issue.path.at(-1))}`
}

function expectation(issue: Issue, node: SchemaNode | undefined, given: unknown): string {
  // Messages that start with "Invalid" are zod's own. Any other message was written by the author
  // of the schema, and is clearer than a description of the pattern.
  if (issue.code === 'invalid_format' && !issue.message.startsWith('Invalid')) return issue.message
  return (node && described(node, given)) ?? issue.message
}

function described(node: SchemaNode, given?: unknown): string | undefined {
  if (node.enum) return listed(node.enum.map(String))
  if (node.anyOf) return node.anyOf.map((one) => described(one) ?? 'something else').join(' or ')
  switch (node.type) {
    case 'integer':
      // The word "whole" helps only if a fraction was given.
      return `${isFraction(given) ? 'a whole' : 'a'} number${range(node)}`
    case 'number':
      return `a number${range(node)}`
    case 'string':
      return `text${lengthRange(node)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    case 'object':
      return `an object with ${Object.keys(node.properties ?? {}).join(', ')}`
    default:
      return undefined
  }
}

function isFraction(given: unknown): boolean {
  return typeof given === 'number' && !Number.isInteger(given)
}

function range({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${maximum === undefined ? '' : ` and up to ${maximum}`}`
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` of at least ${minimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}

function lengthRange({ minLength = 0, maxLength }: SchemaNode): string {
  if (maxLength !== undefined && minLength > 0) return ` of ${minLength} to ${maxLength} characters`
  if (maxLength !== undefined) return ` of at most ${maxLength} characters`
  return minLength > 1 ? ` of at least ${minLength} characters` : ''
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? 'nothing'
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

function unknownKeys(
  issue: Extract<Issue, { code: 'unrecognized_keys' }>,
  node: SchemaNode | undefined,
): ProblemItem[] {
  const known = Object.keys(node?.properties ?? {})
  return issue.keys.map((key) => {
    const closest = closestName(key, known)
    const advice = closest ? `did you mean "${closest}"?` : `known keys: ${known.join(', ')}`
    const { path } = place(issue.path)
    return { ...place([...issue.path, key]), path, detail: `unknown key "${key}"; ${advice}` }
  })
}

function shown(given: unknown, key: PropertyKey | undefined): string {
  if (key !== undefined && SECRET_FIELDS.has(key)) return 'something else (a secret, not shown)'
  if (given === null) return 'nothing'
  if (Array.isArray(given)) return 'a list'
  if (typeof given === 'object') return 'an object'
  const text = JSON.stringify(given)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function nodeAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>(
    (node, key) => (typeof key === 'number' ? node?.items : node?.properties?.[String(key)]),
    root,
  )
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined
    return Reflect.get(value, key)
  }, input)
}
