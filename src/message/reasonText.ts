const REASON_CHARACTERS_MAX = 300

/**
 * Makes a reason safe to store: one line, no control characters, valid Unicode, at most 300
 * characters.
 */
export function reasonText(text: string): string {
  return text
    .slice(0, REASON_CHARACTERS_MAX)
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed()
}
