// Schemas of fields that several kinds have. A field says what it means, and a number its unit, for
// the pages in docs/ that are made from the schemas; a page without either fails a test.

import { z } from 'zod'

/** Text of one form, which the error about another value and the documentation name alike. */
export function textOf(pattern: RegExp, form: string): z.ZodString {
  return z.string().regex(pattern, form).meta({ form })
}

export const resourceId = textOf(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'letters, digits, . _ - ; 1 to 63 characters',
)

/** SMPP 3.4 §5.2.2: at most 8 characters and a NUL. */
export const smppPassword = textOf(/^[\x20-\x7e]{1,8}$/, '1 to 8 printable ASCII characters')
