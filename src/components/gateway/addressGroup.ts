const GROUPS_OF_A_NETWORK = 4
const GROUPS = 8

/**
 * The part of an address that its owner cannot choose: the whole IPv4 address, or the first 64 bits
 * of an IPv6 address, because one host may use all addresses that begin with these bits.
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
