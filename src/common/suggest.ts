/** Levenshtein distance between two words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The name nearest to a mistyped one: 'did you mean "focal"?', or the list of names. */
export function didYouMean(given: string, names: readonly string[]): string {
  const nearest = [...names].sort((a, b) => editDistance(given, a) - editDistance(given, b))[0];
  return nearest !== undefined && editDistance(given, nearest) <= Math.max(2, given.length / 3)
    ? `did you mean "${nearest}"?`
    : `known: ${names.join(', ')}`;
}
