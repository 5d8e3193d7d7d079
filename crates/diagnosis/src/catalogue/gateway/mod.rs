//! The RD Gateway on the way, by what a person has to look at: how to reach it, what its web server answers, who logs on, its codes, and
//! how it ends a tunnel.
mod answer;
mod codes;
mod end;
mod http;
mod logon;
mod reach;

use crate::rule::Rule;

/// The rows of all of them.
pub(super) const RULES: [&[Rule]; 6] =
    [reach::RULES, http::RULES, logon::RULES, answer::RULES, codes::RULES, end::RULES];
