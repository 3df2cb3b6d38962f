//! cuetowerctl.
