//! Launchers as real processes with real programs. Linux only: elsewhere a tree cannot be followed so closely.
#![cfg(target_os = "linux")]

mod adoption;
mod memory;
mod running;
mod support;
