/** Bits of the `flags` column, the same as Python's `Flag`; 0: nothing against it. */
export const Flag = {
  notConverged: 1,
  nearEdge: 2,
  saturated: 4,
  wideOrNarrow: 8,
  poorFit: 16,
  crowded: 32,
} as const;
