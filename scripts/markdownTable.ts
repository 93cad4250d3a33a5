/** A Markdown table as a list of one block; an empty list if there are no rows. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
  return [[line(heads), `|${heads.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')]
}

function escaped(cell: string): string {
  return cell.replace(/\|/g, '\\|')
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

/** Turns a phrase in the code, such as the explanation of a setting, into a sentence. */
export function sentence(phrase: string): string {
  const text = oneLine(phrase)
  const end = /[.!?]$/.test(text) ? '' : '.'
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`
}

export function code(text: string): string {
  return `\`${oneLine(text)}\``
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

const COLUMNS = 100

/** A paragraph of prose, wrapped at 100 columns. */
export function paragraph(text: string): string {
  const lines: string[] = []
  for (const word of oneLine(text).split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > COLUMNS) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.join('\n')
}
