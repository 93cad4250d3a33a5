// Schemas of fields that several kinds share. Each field has a description, and each number a unit,
// because pages in docs/ are generated from the schemas. A test fails if either is missing.

import { z } from 'zod'

/** Text that matches a pattern. `form` describes the pattern in errors and in the documentation. */
export function textOf(pattern: RegExp, form: string): z.ZodString {
  return z.string().regex(pattern, form).meta({ form })
}

export const resourceId = textOf(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'letters, digits, . _ - ; 1 to 63 characters',
)

/** SMPP 3.4 §5.2.2: at most 8 characters and a NUL. */
export const smppPassword = textOf(/^[\x20-\x7e]{1,8}$/, '1 to 8 printable ASCII characters')
