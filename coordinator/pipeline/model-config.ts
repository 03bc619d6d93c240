import { z } from 'zod';

/** Any JSON object; only the keys that are used are looked at, where they are used. */
export const objectSchema = z.record(z.string(), z.unknown());

export const modelIndexSchema = z.looseObject({ _class_name: z.string() });
