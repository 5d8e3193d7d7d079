//! What rdp-probe promises, tested from outside.
