/**
 * Rendezvous (highest random weight) hashing. Every process that knows the same members chooses the
 * same member for a key. If a member leaves, only the keys of that member move to other members.
 * Returns undefined if there are no members.
 */
export function rendezvous(key: string, members: readonly string[]): string | undefined {
  let chosen: string | undefined
  let most = -1
  for (const member of members) {
    const weight = fnv1a(`${member}\n${key}`)
    if (weight > most || (weight === most && chosen !== undefined && member < chosen)) {
      chosen = member
      most = weight
    }
  }
  return chosen
}

/**
 * FNV-1a over UTF-16 units, followed by an avalanche step because most keys are short and similar.
 */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
