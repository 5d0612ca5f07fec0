/** The event by which a dashboard offers code; who inserts it as a cell says so by preventDefault. */
export const INSERT_CELL = "nbsweep:insert-cell";
