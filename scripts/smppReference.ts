// Makes docs/smpp-api.md, the reference of the library, from the doc comments of everything that
// src/smpp/index.ts exports, and from the tables of PDUs and TLVs.
//
// This is our own program because no tool fits. TypeDoc 0.28 needs the API of TypeScript 6 or
// older, which npm cannot install beside our 7 (ERESOLVE, even with overrides), and made 5,400
// lines, with a heading for each of 70 status codes. API Extractor reads the emitted declarations,
// in which 0x58 has become 88, and its documenter writes a page per name. Neither shows the fields
// of a PDU: the type is derived from a row of a table, and they print the derivation.

import { join } from 'node:path'
import { code, oneLine, tableOf } from './markdownTable.ts'
import { pduTable, statusTable, tlvTable } from './protocolTables.ts'
import { type Exported, type Member, readExports } from './readExports.ts'
import { root } from './runStep.ts'

/** The section for each file's exports. All other files belong to Sessions. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Sessions: [],
  PDUs: ['codec', 'commandName', 'pduTable', 'pduError', 'interfaceVersion', 'smppTime'],
  TLVs: ['tlv', 'tlvTable', 'networkErrorCode'],
  Text: [
    'dataCoding',
    'encodeText',
    'decodeText',
    'segmentText',
    'reassembler',
    'userData',
    'userDataHeader',
    'gsmAlphabet',
    'nationalTable',
    'packSeptets',
  ],
  Receipts: ['receipt', 'receiptText', 'receiptTime', 'messageId', 'messageState', 'stateRank'],
  Values: [],
  'Status codes': ['commandStatus'],
}

const OPENING = `# API of signalbox/smpp

Made by \`npm run docs\` from the comments in [src/smpp](../src/smpp); change them, not this
page. How it is used is told in its [README](../src/smpp/README.md).`

export interface SmppReference {
  readonly markdown: string
  /** A line for each export or member without a doc comment, with its place. */
  readonly undocumented: readonly string[]
}

export function smppReference(): SmppReference {
  const all = readExports(join(root, 'src/smpp/index.ts'))
  const sections = Object.keys(GROUPS).map((title) =>
    sectionOf(
      title,
      all.filter((one) => groupOf(one) === title),
    ),
  )
  const body = sections.join('\n\n')
  return {
    markdown: `${OPENING}\n\n${contentsOf(body)}\n\n${body}\n`,
    undocumented: all.flatMap(withoutDoc),
  }
}

function groupOf({ file }: Exported): string {
  const name = file.replace(/^\w+\/|\.ts$/g, '') // without its folder of src/smpp
  const listed = Object.keys(GROUPS).find((title) => GROUPS[title]?.includes(name))
  return listed ?? (name.startsWith('values/') ? 'Values' : 'Sessions')
}

/** A type that lists the values of a constant needs no comment beside the constant's. */
function isOfConstant({ kind, declaration }: Exported): boolean {
  return kind === 'type' && /=\s*(\(typeof [A-Z_]+\)\[|keyof typeof [A-Z_]+$)/.test(declaration)
}

function withoutDoc(one: Exported): string[] {
  const where = (line: number) => `src/smpp/${one.file}:${line}`
  const own =
    one.doc === '' && !isOfConstant(one)
      ? [`${where(one.line)}  ${one.kind} ${one.name} has no doc comment`]
      : []
  if (one.kind === 'constant') return own
  // One comment is enough for all overloads of a method.
  const isTold = (name: string) =>
    one.members.some((member) => member.name === name && member.doc !== '')
  const members = one.members
    .filter(({ name }) => !isTold(name) && name !== 'constructor')
    .map(({ line, name }) => `${where(line)}  ${one.name}.${name} has no doc comment`)
  return [...own, ...members]
}

/** A line for each group, with links to GitHub's anchors, which are numbered when repeated. */
function contentsOf(body: string): string {
  const counts = new Map<string, number>()
  const groups: { title: string; names: string[] }[] = []
  for (const [, marks, heading = ''] of body.matchAll(/^(##|###) (.*)$/gm)) {
    const anchor = heading.toLowerCase().replace(/ /g, '-')
    const count = counts.get(anchor) ?? 0
    counts.set(anchor, count + 1)
    const link = `[${heading}](#${anchor}${count > 0 ? `-${count}` : ''})`
    if (marks === '##') groups.push({ title: link, names: [] })
    else groups.at(-1)?.names.push(link)
  }
  return groups.map(({ title, names }) => `- ${title}: ${names.join(', ')}`).join('\n')
}

function sectionOf(title: string, exports: readonly Exported[]): string {
  const types = exports.filter(isOfConstant)
  const entries = exports
    .filter((one) => !isOfConstant(one) && !isStatus(one))
    .map((one) => entryOf(one, types))
  const tables: Readonly<Record<string, () => string>> = {
    PDUs: pduTable,
    TLVs: tlvTable,
    'Status codes': () => statusTable(exports.filter(isStatus)),
  }
  const table = tables[title]?.()
  return [`## ${title}`, ...entries, ...(table ? [table] : [])].join('\n\n')
}

function isStatus({ name }: Exported): boolean {
  return name.startsWith('ESME_')
}

function entryOf(one: Exported, types: readonly Exported[]): string {
  const { name, kind, doc, members, declaration } = one
  const blocks = [`### ${name}`]
  if (kind === 'function' || kind === 'type' || (kind === 'constant' && members.length === 0))
    blocks.push(`\`\`\`ts\n${declaration}\n\`\`\``)
  else if (/ extends |</.test(declaration)) blocks.push(`\`${oneLine(declaration)}\``)
  if (doc !== '') blocks.push(doc)
  if (kind === 'constant' && name !== 'TLVS') blocks.push(...valueTable(members))
  else if (kind !== 'constant') blocks.push(...memberTable(members, name))
  const ofValues = types.filter((type) => type.declaration.includes(`typeof ${name}`))
  if (ofValues.length > 0) blocks.push(ofValues.map(typeOfValues).join(' '))
  return blocks.join('\n\n')
}

function typeOfValues({ name, declaration }: Exported): string {
  const what = /= keyof/.test(declaration) ? 'names' : 'values'
  return `Type \`${name}\`: one of its ${what}.`
}

function memberTable(members: readonly Member[], owner: string): string[] {
  const rows = members.map(({ text, doc }) => [
    code(text.replace(/^constructor\(/, `new ${owner}(`)),
    oneLine(doc),
  ])
  return tableOf(['member', ''], rows)
}

function valueTable(members: readonly Member[]): string[] {
  const rows = members.map(({ name, text, doc }) => [code(name), code(text), oneLine(doc)])
  return tableOf(['name', 'value', ''], rows)
}
