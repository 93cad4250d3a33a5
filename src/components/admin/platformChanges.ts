import { z } from 'zod'

const fieldChangeSchema = z.strictObject({
  path: z.string().describe('The field, such as `port` or `routes[0]`.'),
  from: z.unknown().optional().describe('Its value before; missing if it had none.'),
  to: z.unknown().optional().describe('Its value after; missing if it has none.'),
})

/** The differences of two platforms. */
export const platformChangesSchema = z
  .strictObject({
    revision: z.int().meta({
      description: 'The revision of the platform, after the changes if they were made.',
      unit: 'none',
    }),
    changes: z
      .array(
        z.strictObject({
          action: z.enum(['create', 'update', 'delete']).describe('What happens to the resource.'),
          kind: z
            .string()
            .describe('The kind of the resource: `account`, `user`, `connector`, `route_table`.'),
          id: z.string().describe('Its id; `active` for the route table.'),
          fields: z
            .array(fieldChangeSchema)
            .readonly()
            .describe('The fields that change. Secrets show as `(set)`, `(changed)`, `(hidden)`.'),
        }),
      )
      .readonly()
      .describe('Each resource that changes.'),
  })
  .describe('The changes, resource by resource.')
