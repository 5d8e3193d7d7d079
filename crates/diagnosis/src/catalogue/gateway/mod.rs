//! The RD Gateway on the way, by what a person has to look at: how to reach it, what its web server answers, the two channels of HTTP,
//! who logs on, its codes, and how it ends a tunnel.
mod answer;
mod codes;
mod end;
mod http;
mod logon;
mod reach;
mod two_channels;

use crate::rule::Rule;

/// The rows of all of them.
pub(super) const RULES: [&[Rule]; 8] = [
    reach::RULES,
    http::RULES,
    two_channels::RULES,
    logon::RULES,
    answer::RULES,
    codes::RULES,
    end::RULES,
    two_channels::END,
];
