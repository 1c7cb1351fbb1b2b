// What differs between two values made of JSON, by paths: how settings changed between snapshots.

export interface Difference {
  /** "memoryMiB", "drives.0.path". */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** A missing value is `null` here. */
export function differences(before: unknown, after: unknown, field = ''): Difference[] {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) =>
      differences(own(before, key), own(after, key), field === '' ? key : `${field}.${key}`),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ field, before: before ?? null, after: after ?? null }];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
