import { proseOf } from './prose.ts'
import type { Problem, SourceFile } from './sourceFile.ts'

interface Construct {
  /** Matches within one block of prose, in which code in backticks is blanked out. */
  readonly pattern: RegExp
  /** An example of a sentence that the pattern refuses. */
  readonly refuses: string
  readonly advice: string
}

/** Constructs that readers have to read twice. Add one when you find another in a review. */
export const constructs: readonly Construct[] = [
  {
    pattern: /(?<!\bthere )\b(?:is|are|was|were) none(?=[.,;:)]|$)/gi,
    refuses: 'Throws if an alphabet is none.',
    advice: 'write "is unknown", "is missing" or "is invalid"',
  },
  {
    pattern: /\b(?:that|which) (?:cannot|may not) be(?=[.,;:)]|$)/g,
    refuses: 'Refuses a value that cannot be.',
    advice: 'write "an invalid value", or say what is wrong with it',
  },
  {
    pattern: /\b(?:at most|for) so (?:often|many)\b/g,
    refuses: 'The message is submitted again at most so often.',
    advice: 'name the number or the setting',
  },
  {
    pattern: /, also (?:when|while|if|where)\b/g,
    refuses: 'A bind closes within a second, also while another one is slow.',
    advice: 'write "even when" or "even if"',
  },
  {
    pattern: /\bbelongs? into\b/g,
    refuses: 'Shared code belongs into a room below both.',
    advice: 'write "belongs in"',
  },
  {
    pattern: /\b(?:for|needs?|wants?|without|or|after) a yes\b/g,
    refuses: 'The command asks for a yes before it deletes anything.',
    advice: 'write "asks for confirmation"',
  },
  {
    pattern: /\bour own trouble\b/gi,
    refuses: 'This is our own trouble; try again.',
    advice: 'write "internal error"',
  },
  {
    pattern: /\bthat never (?:two|both)\b/g,
    refuses: 'A name that never two processes carry at once.',
    advice: 'write "that no two … share"',
  },
  {
    pattern: /\bcannot be carried on\b/g,
    refuses: 'This cannot be carried on from.',
    advice: 'write "unrecoverable"',
  },
  {
    pattern: /\b(?:of )?one that is gone\b/g,
    refuses: 'The passwords above are of one that is gone.',
    advice: 'name the thing, and write "no longer exists"',
  },
  {
    pattern: /(?<=^|[.?!|] )(?:Who|Whom|Whose)\b[^.?!]*\.(?= |$)/g,
    refuses: 'Who ends in the middle of a handshake ends it.',
    advice: 'start the sentence with a noun: "The peer that …", "The account whose …"',
  },
  {
    pattern: /(?<=^|[.?!|] )Of (?!course\b)[^,.?!;:]*[.;:](?= |$)/g,
    refuses: 'Of the header; empty without a header.',
    advice: 'start the sentence with the thing itself: "Header elements; …"',
  },
  {
    pattern: /(?<=^|[.?!|] )(?:Since|From|Until) when\b[^?]*$/g,
    refuses: 'From when on another process may take the bind over.',
    advice: 'write "The time from which …"',
  },
]

/** Comments and Markdown must not use constructs that nobody would say aloud. */
export function unplainEnglish(files: readonly SourceFile[]): Problem[] {
  return files.flatMap(proseOf).flatMap((block) =>
    constructs.flatMap(({ pattern, advice }) =>
      [...block.text.matchAll(pattern)].map((match) => ({
        path: block.path,
        line: block.lineAt(match.index),
        message: `"${match[0]}" is not plain English: ${advice}`,
      })),
    ),
  )
}
