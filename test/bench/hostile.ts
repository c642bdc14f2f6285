/** Placeholder until written. */
export async function benchHostile(_: { packets: number }): Promise<Record<string, unknown>> {
  throw new Error('not there yet');
}
