/**
 * Packs septets, given in one octet each, starting at the lowest bit (TS 23.038 §6.1.2.1). The
 * first `fillBits` bits are 0. They align text after a user data header to a septet boundary (TS
 * 23.040 §9.2.3.24). 8n-1 septets leave seven bits free, which a receiver that only knows the
 * number of octets would read as `@`. `padWithCr` fills these bits with CR, as §6.1.2.3.1 specifies
 * for USSD.
 */
export function packSeptets(
  septets: Buffer,
  { fillBits = 0, padWithCr = false }: { fillBits?: number; padWithCr?: boolean } = {},
): Buffer {
  const bits = fillBits + septets.length * 7
  const octets = Buffer.alloc(Math.ceil(bits / 8))
  const put = (septet: number, bit: number) => {
    const at = bit >> 3
    const shifted = septet << (bit & 7)
    octets[at]! |= shifted & 0xff
    if (shifted > 0xff) octets[at + 1]! |= shifted >> 8
  }
  for (let index = 0; index < septets.length; index++)
    put(septets[index]! & 0x7f, fillBits + index * 7)
  if (padWithCr && octets.length * 8 - bits === 7) put(CR, bits)
  return octets
}

const CR = 0x0d

/**
 * Unpacks septets into one octet each: at most `count` septets, or all that the octets hold if
 * `count` is missing. Without `count`, a CR at the very end of the octets is padding and is removed
 * (TS 23.038 §6.1.2.3.1). Never throws.
 */
export function unpackSeptets(
  octets: Buffer,
  { fillBits = 0, count }: { fillBits?: number; count?: number } = {},
): Buffer {
  const whole = Math.max(0, Math.floor((octets.length * 8 - fillBits) / 7))
  const septets = Buffer.allocUnsafe(Math.min(whole, count ?? whole))
  for (let index = 0; index < septets.length; index++) {
    const bit = fillBits + index * 7
    const pair = octets[bit >> 3]! | ((octets[(bit >> 3) + 1] ?? 0) << 8)
    septets[index] = (pair >> (bit & 7)) & 0x7f
  }
  const isFull = count === undefined && fillBits + whole * 7 === octets.length * 8
  return isFull && septets.at(-1) === CR ? septets.subarray(0, -1) : septets
}

/**
 * The number of zero bits (0 to 6) between a user data header and the septets that follow it (TS
 * 23.040 §9.2.3.24). `udhOctets` is the size of the header, including UDHL.
 */
export function fillBitsAfter(udhOctets: number): number {
  return (7 - ((udhOctets * 8) % 7)) % 7
}
