/**
 * Compiles a schema of plain types into a test that costs a tenth of parsing by it.
 *
 * The schema stays the only place where the shape is written; this reads it once. The test is sure of its yes and not
 * of its no: whoever gets a no asks the schema, which also says what is wrong. Only for schemas without checks or
 * transformations, whose result is the value itself; anything else is a mistake of ours and throws at start.
 */
import { z } from 'zod';

export function plainTest<T extends z.ZodType>(schema: T): (value: unknown) => value is z.output<T> {
  const code = `return (value) => ${expression(schema, 'value', { names: 0 })};`;
  try {
    // Only names and values of our own schema get into the code.
    return new Function(code)() as (value: unknown) => value is z.output<T>;
  } catch {
    // A page may forbid code made at run time.
    return (value): value is z.output<T> => schema.safeParse(value).success;
  }
}

function expression(schema: z.core.$ZodType, value: string, unique: { names: number }): string {
  if (hasChecks(schema)) throw new TypeError('plainTest knows no checks: put them beside the schema');
  if (schema instanceof z.ZodString) return `typeof ${value} === 'string'`;
  if (schema instanceof z.ZodNumber) return `Number.isFinite(${value})`;
  if (schema instanceof z.ZodBoolean) return `typeof ${value} === 'boolean'`;
  if (schema instanceof z.ZodEnum) return `(${schema.options.map((option) => `${value} === ${JSON.stringify(option)}`).join(' || ')})`;
  if (schema instanceof z.ZodNullable) return `(${value} === null || ${expression(schema.unwrap(), value, unique)})`;
  if (schema instanceof z.ZodOptional) return `(${value} === undefined || ${expression(schema.unwrap(), value, unique)})`;
  if (schema instanceof z.ZodArray) {
    const element = `v${(unique.names += 1)}`;
    return `(Array.isArray(${value}) && ${value}.every((${element}) => ${expression(schema.element, element, unique)}))`;
  }
  if (schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever) {
    const object = `v${(unique.names += 1)}`;
    const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    const tests = fields.map(([name, field]) => expression(field, `${object}.${identifier(name)}`, unique));
    // As many own fields as there are known ones present: so there is none that is unknown.
    const known = fields.map(([name]) => `(${object}.${identifier(name)} !== undefined)`).join(' + ');
    return `((${object}) => typeof ${object} === 'object' && ${object} !== null && Object.getPrototypeOf(${object}) === Object.prototype && ${[...tests, `Object.keys(${object}).length === ${known}`].join(' && ')})(${value})`;
  }
  throw new TypeError(`plainTest does not know ${schema.constructor.name}`);
}

function hasChecks(schema: z.core.$ZodType): boolean {
  return (schema._zod.def.checks?.length ?? 0) > 0;
}

function identifier(name: string): string {
  if (!/^[A-Za-z]\w*$/.test(name)) throw new TypeError(`plainTest: ${JSON.stringify(name)} is no plain name`);
  return name;
}
