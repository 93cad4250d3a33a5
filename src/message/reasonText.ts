const REASON_CHARACTERS_MAX = 300

/** A reason that any store takes: on one line, without control characters, bounded. */
export function reasonText(text: string): string {
  return text
    .slice(0, REASON_CHARACTERS_MAX)
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed()
}
