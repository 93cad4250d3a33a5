// The folders of src/smpp are layers. A file imports from its own folder and from lower ones, types
// included, so that a layer can be understood without those above it.
import type { Problem, SourceFile } from './sourceFile.ts'

/** From the bottom up; `index.ts` lies above all of them, and `testing/` is for tests. */
const layers = ['wire', 'text', 'receipts', 'transport', 'session', 'endpoint']

const door = 'src/smpp/index.ts'

export function smppFolders(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path, isCode, isTest }) => isCode && !isTest && path.startsWith('src/smpp/'))
    .flatMap((file) => {
      const { path } = file
      const own = layerOf(path)
      if (own === -1 && path !== door) {
        const message = `lies in no layer of src/smpp. Put it into one of ${layers.join(', ')}`
        return [{ path, line: 1, message }]
      }
      return file.imports.flatMap(({ target, line, kind }) => {
        if (!target?.startsWith('src/smpp/') || kind === 'mention') return []
        const message = objection(path, target)
        return message ? [{ path, line, message }] : []
      })
    })
}

function objection(path: string, target: string): string | undefined {
  if (target === door) return 'the door is for other rooms. Import the file that is needed'
  const own = path === door ? layers.length : layerOf(path)
  const other = layerOf(target)
  if (other === -1) return `only tests import ${target}`
  if (other <= own) return undefined
  return (
    `${layers[own]} is below ${layers[other]} and may not import ${target}. ` +
    'Move what both need into the lower folder, or what needs it into the higher one'
  )
}

/** -1 outside of the layers. */
function layerOf(path: string): number {
  return layers.indexOf(/^src\/smpp\/(\w+)\//.exec(path)?.[1] ?? '')
}
