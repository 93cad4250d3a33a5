/** The longest source_addr (SMPP 3.4 §5.2.8), without the NUL. */
export const ADDRESS_CHARACTERS_MAX = 20

const PUNCTUATION = /[\s().-]/g
const NUMBER = /^\+?\d+$/

/**
 * The stored addresses that match a search text. A number has two forms: `digits` is the
 * international form, in which destinations are stored, and `written` is the number as typed, in
 * which a source may be stored. Text that is not a number is the name of a sender.
 */
export interface NumberForms {
  digits: string
  /** Undefined if it equals `digits`, or if the text is not a number. */
  written: string | undefined
}

/** Returns undefined for an empty text. */
export function numberForms(typed: string): NumberForms | undefined {
  const bare = typed.replace(PUNCTUATION, '')
  if (!NUMBER.test(bare)) {
    const name = typed.trim()
    return name === '' ? undefined : { digits: name, written: undefined }
  }
  const digits = bare.replace(/^(\+|00)/, '')
  return digits === '' ? undefined : { digits, written: digits === bare ? undefined : bare }
}
