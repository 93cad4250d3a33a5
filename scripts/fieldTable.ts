// Tables of fields for the pages of docs/, generated from zod schemas. Every field must have a
// description, and every number a unit. Otherwise the generation of the page fails.

import { z } from 'zod'
import { code, sentence, tableOf } from './markdownTable.ts'

/** The part of zod's JSON Schema that this file reads, and the keys that our schemas add. */
interface FieldNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  /**
   * The unit of a number; `none` for a plain number such as a port. For a time, its text format.
   */
  readonly unit?: string
  /** Describes the pattern of a text in words. */
  readonly form?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly FieldNode[]
  readonly properties?: Readonly<Record<string, FieldNode>>
  readonly required?: readonly string[]
  readonly items?: FieldNode
  readonly propertyNames?: FieldNode
  readonly additionalProperties?: FieldNode | boolean
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

interface Field {
  readonly path: string
  readonly node: FieldNode
  readonly isRequired: boolean
  /** True if the field is part of one of several forms of its parent. */
  readonly isOfForm: boolean
}

/** A table of the fields of a request, with defaults and limits. */
export function inputTable(schema: z.ZodType): string {
  const rows = fieldsOf(nodeOf(schema, 'input')).map((field) => [
    code(field.path),
    typeOf(field.node),
    limitsOf(field.path, field.node),
    defaultOf(field),
    meaningOf(field.path, field.node),
  ])
  return tableOf(['field', 'type', 'limits', 'default', 'meaning'], rows).join('')
}

/** A table of the fields of a response. */
export function outputTable(schema: z.ZodType): string {
  const rows = fieldsOf(nodeOf(schema, 'output')).map(({ path, node, isRequired }) => [
    code(path),
    answerType(node, isRequired),
    meaningOf(path, node),
  ])
  return tableOf(['field', 'type', 'meaning'], rows).join('')
}

/** The path and meaning of each field. */
export function meaningsOf(schema: z.ZodType): { path: string; meaning: string }[] {
  return fieldsOf(nodeOf(schema, 'input')).map(({ path, node }) => ({
    path,
    meaning: meaningOf(path, node),
  }))
}

/** The description of a schema, as a sentence. */
export function descriptionOf(schema: z.ZodType): string {
  const { description } = schema
  if (description === undefined)
    throw new Error('a schema has no description: call .describe() on it')
  return sentence(description)
}

function nodeOf(schema: z.ZodType, io: 'input' | 'output'): FieldNode {
  // zod types its JSON Schema loosely; FieldNode names the keys read here, all optional.
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as FieldNode
}

/** All fields below a node, each with its path, such as `routes[].prefix`. */
function fieldsOf(node: FieldNode, path = '', isOfForm = false): Field[] {
  if (node.items) return fieldsOf(node.items, `${path}[]`)
  if (node.anyOf) return node.anyOf.flatMap((one) => fieldsOf(one, path, true))
  const { properties = {}, required = [] } = node
  return Object.entries(properties).flatMap(([name, child]) => {
    const own = path === '' ? name : `${path}.${name}`
    const field = { path: own, node: child, isRequired: required.includes(name), isOfForm }
    return [field, ...fieldsOf(child, own)]
  })
}

function answerType(node: FieldNode, isRequired: boolean): string {
  const { anyOf = [], unit = anyOf.find((one) => one.unit !== undefined)?.unit } = node
  return [
    unit === undefined || unit === 'none' ? typeOf(node) : `${typeOf(node)} (${unit})`,
    ...(isRequired ? [] : ['may be missing']),
  ].join(', ')
}

function typeOf(node: FieldNode): string {
  if (typeof node.type === 'object') return node.type.map((type) => typeOf({ type })).join(' or ')
  if (node.anyOf) return node.anyOf.map((one) => typeOf(one).replace('one of ', '')).join(' or ')
  if (node.const !== undefined) return code(String(node.const))
  if (node.enum) return `one of ${node.enum.map((value) => code(String(value))).join(', ')}`
  switch (node.type) {
    case 'integer':
      return 'whole number'
    case 'number':
      return 'number'
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'null':
      return 'null'
    case 'array':
      return listType(node)
    case 'object':
      return objectType(node)
    default:
      return 'any value'
  }
}

function listType({ items }: FieldNode): string {
  return items && items.type !== 'object' ? `list of ${typeOf(items)}` : 'list of objects'
}

function objectType({ properties, additionalProperties }: FieldNode): string {
  if (typeof additionalProperties === 'object')
    return `object whose values are ${typeOf(additionalProperties)}`
  const names = Object.keys(properties ?? {})
  return names.length === 1 ? code(`{ ${names.join()} }`) : 'object'
}

function limitsOf(path: string, node: FieldNode): string {
  if (node.anyOf)
    return node.anyOf
      .map((one) => limitsOf(path, one))
      .filter((limits) => limits !== '')
      .join('; ')
  switch (node.type) {
    case 'integer':
    case 'number':
      return rangeOf(path, node)
    case 'string':
      return node.form ?? lengthOf(path, node)
    case 'object':
      return entryLimits(path, node)
    default:
      return ''
  }
}

function rangeOf(path: string, { exclusiveMinimum, maximum, minimum, unit }: FieldNode): string {
  const lowest =
    exclusiveMinimum === undefined ? `${minimum} to` : `more than ${exclusiveMinimum}, up to`
  const unitWords = unit === undefined || unit === 'none' ? '' : ` ${unit}`
  if (minimum === undefined && exclusiveMinimum === undefined) return unitWords.trim()
  // zod limits whole numbers to safe integers.
  if (maximum === undefined || maximum === Number.MAX_SAFE_INTEGER)
    throw new Error(`${path} has no upper limit`)
  return `${lowest} ${maximum}${unitWords}`
}

function lengthOf(
  path: string,
  { enum: values, maxLength, minLength, pattern }: FieldNode,
): string {
  if (values) return ''
  if (pattern !== undefined)
    throw new Error(`${path} has a pattern: describe it in words with .meta({ form })`)
  if (maxLength !== undefined) return `${minLength ?? 0} to ${maxLength} characters`
  return minLength === undefined ? '' : 'not empty'
}

function entryLimits(path: string, { additionalProperties, propertyNames }: FieldNode): string {
  if (typeof additionalProperties !== 'object') return ''
  const names = propertyNames ? limitsOf(path, propertyNames) : ''
  const values = limitsOf(path, additionalProperties)
  return [names && `names: ${names}`, values && `values: ${values}`].filter(Boolean).join('; ')
}

function defaultOf({ node: { default: value }, isOfForm, isRequired }: Field): string {
  if (isRequired) return isOfForm ? 'required in this form' : 'required'
  if (value === undefined) return 'not set'
  return value === '' ? 'empty text' : code(JSON.stringify(value).replaceAll('"', ''))
}

function meaningOf(path: string, node: FieldNode): string {
  if (node.description === undefined)
    throw new Error(`${path} has no description: call .describe() on its schema`)
  if (isNumeric(node) && node.unit === undefined)
    throw new Error(`${path} has no unit: call .meta({ description, unit }) on its schema`)
  return sentence(node.description)
}

function isNumeric({ anyOf, type }: FieldNode): boolean {
  return type === 'integer' || type === 'number' || (anyOf ?? []).some(isNumeric)
}
