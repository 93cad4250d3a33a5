const GROUPS_OF_A_NETWORK = 4
const GROUPS = 8

/**
 * Returns the part of a remote address that a peer cannot vary at will: a whole IPv4 address, or
 * the first 64 bits of an IPv6 address. One host may use all IPv6 addresses that begin with the
 * same 64 bits.
 */
export function addressGroup(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after = ''] = address.split('::')
  const [first, last] = [groupsOf(before), groupsOf(after)]
  const zeros = Array.from({ length: Math.max(0, GROUPS - first.length - last.length) }, () => '0')
  return [...first, ...zeros, ...last].slice(0, GROUPS_OF_A_NETWORK).join(':')
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':')
}
