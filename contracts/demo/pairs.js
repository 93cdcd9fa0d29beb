// Which two events make one row, as the tracker is told in a generated package.

export const PAIRS = {};
