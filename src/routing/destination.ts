const INTERNATIONAL = /^\+?([1-9][0-9]{2,19})$/

/**
 * Returns a destination as digits in international form, or undefined if the text is not such a
 * number. Many clients send a `+`, although SMPP uses the TON for that purpose (SMPP 3.4 §5.2.5).
 */
export function normaliseDestination(destination: string): string | undefined {
  return INTERNATIONAL.exec(destination)?.[1]
}
