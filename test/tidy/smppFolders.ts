// The folders of src/smpp are layers. A file may import, types included, from its own folder and
// from lower ones, so that each layer can be understood without those above it.
import type { Problem, SourceFile } from './sourceFile.ts'

/** From the bottom up. `index.ts` lies above all layers, and `testing/` is for tests. */
const layers = ['wire', 'text', 'receipts', 'transport', 'session', 'endpoint']

const door = 'src/smpp/index.ts'

export function smppFolders(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path, isCode, isTest }) => isCode && !isTest && path.startsWith('src/smpp/'))
    .flatMap((file) => {
      const { path } = file
      const own = layerOf(path)
      if (own === -1 && path !== door) {
        const message = `is in no layer of src/smpp. Move it into one of ${layers.join(', ')}`
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
  if (target === door) return 'index.ts is for other rooms. Import the file that declares the name'
  const own = path === door ? layers.length : layerOf(path)
  const other = layerOf(target)
  if (other === -1) return `only tests import ${target}`
  if (other <= own) return undefined
  return (
    `${layers[own]} is below ${layers[other]} and may not import ${target}. ` +
    'Move the needed code down, or the code that needs it up'
  )
}

/** The index of the layer of a file; -1 outside the layers. */
function layerOf(path: string): number {
  return layers.indexOf(/^src\/smpp\/(\w+)\//.exec(path)?.[1] ?? '')
}
