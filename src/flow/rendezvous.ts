/**
 * Rendezvous (highest random weight) hashing: every process that knows the same members picks the
 * same one for a key, and a member that leaves moves only its own keys. Undefined without members.
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
 * FNV-1a over UTF-16 units, finished with an avalanche, as short similar keys are the rule here.
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
