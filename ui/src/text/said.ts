//! What stands inside of a sentence.

/** A value that a text takes: words, or a number as it is. */
export type Said = string | number;
