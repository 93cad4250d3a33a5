/** SMPP 3.4 §5.2.8, without the NUL. */
export const ADDRESS_CHARACTERS_MAX = 20

const PUNCTUATION = /[\s().-]/g
const NUMBER = /^\+?\d+$/

/**
 * The addresses that a person may mean by this text. A number has two: its digits in international
 * form, as a destination is stored, and the number as it was written, as a source may be. Whatever
 * is no number is the name of a sender.
 */
export interface NumberForms {
  digits: string
  /** Undefined if it is the same. */
  written: string | undefined
}

/** Undefined for an empty text. */
export function numberForms(typed: string): NumberForms | undefined {
  const bare = typed.replace(PUNCTUATION, '')
  if (!NUMBER.test(bare)) {
    const name = typed.trim()
    return name === '' ? undefined : { digits: name, written: undefined }
  }
  const digits = bare.replace(/^(\+|00)/, '')
  return digits === '' ? undefined : { digits, written: digits === bare ? undefined : bare }
}
