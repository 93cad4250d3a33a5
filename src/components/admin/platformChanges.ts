import { z } from 'zod'

const fieldChangeSchema = z.strictObject({
  path: z.string().describe('The field, such as `port` or `routes[0]`.'),
  from: z.unknown().optional().describe('The old value; absent if the field had no value.'),
  to: z.unknown().optional().describe('The new value; absent if the field has no value.'),
})

/** The differences between two platforms. */
export const platformChangesSchema = z
  .strictObject({
    revision: z.int().meta({
      description: 'The revision of the platform, which includes the changes if they were made.',
      unit: 'none',
    }),
    changes: z
      .array(
        z.strictObject({
          action: z.enum(['create', 'update', 'delete']).describe('What happens to the resource.'),
          kind: z
            .string()
            .describe('The kind of the resource: `account`, `user`, `connector`, `route_table`.'),
          id: z.string().describe('The id of the resource; `active` for the route table.'),
          fields: z
            .array(fieldChangeSchema)
            .readonly()
            .describe(
              'The fields that change. A secret is shown as `(set)`, `(changed)` or `(hidden)`.',
            ),
        }),
      )
      .readonly()
      .describe('All resources that change.'),
  })
  .describe('The changes to the platform.')
