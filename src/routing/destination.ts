const INTERNATIONAL = /^\+?([1-9][0-9]{2,19})$/

/**
 * A destination as digits in international form, or undefined when it is no number. `+` is not a
 * digit on the wire, though many clients send it (SMPP 3.4 §5.2.5 has TON for that).
 */
export function normaliseDestination(destination: string): string | undefined {
  return INTERNATIONAL.exec(destination)?.[1]
}
