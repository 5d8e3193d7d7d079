//! How human output looks on the terminal that there is.
use std::io::IsTerminal as _;

use rdp_probe::render::Look;

use crate::columns;
use crate::format::Color;

/// For standard output or a file.
pub(crate) fn look(color: Color, verbose: u8, stdout: bool) -> Look {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let terminal = stdout && std::io::stdout().is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !dumb && !set("NO_COLOR"),
    };
    let width = if terminal {
        columns::of_stdout().unwrap_or(WIDTH).clamp(NARROWEST, WIDTH)
    } else {
        Look::PLAIN.width
    };
    Look { color, width, verbose }
}

/// The widest line: longer ones are hard to read.
const WIDTH: usize = Look::PLAIN.width;

/// Below this there is no room for names and values.
const NARROWEST: usize = 40;
