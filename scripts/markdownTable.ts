/** None without rows. */
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

export function code(text: string): string {
  return `\`${oneLine(text)}\``
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
