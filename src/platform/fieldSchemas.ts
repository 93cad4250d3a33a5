// Schemas of fields that several kinds have.

import { z } from 'zod'

export const resourceId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, . _ - ; 1 to 63 characters')

/** SMPP 3.4 §5.2.2: at most 8 characters and a NUL. */
export const smppPassword = z
  .string()
  .regex(/^[\x20-\x7e]{1,8}$/, '1 to 8 printable ASCII characters')
