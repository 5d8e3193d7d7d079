//! Some lines on a terminal that are written again and again, and gone when this is dropped.
use std::fmt::Write as _;

use crate::columns;
use crate::stderr;

/// As many lines are shown; whatever is more is counted.
const MOST: usize = 12;

#[derive(Default)]
pub(crate) struct Block {
    /// How many lines stand there.
    shown: usize,
}

impl Block {
    pub(crate) fn show(&mut self, lines: &[String]) {
        // The last column is one in which some terminals begin a new line.
        let room = columns::of_stderr().unwrap_or(80).saturating_sub(1).max(1);
        let mut text = self.above();
        let more = lines.len().saturating_sub(MOST);
        let rest = (more > 0).then(|| format!("and {more} more"));
        let all = lines.iter().take(MOST).chain(&rest);
        self.shown = 0;
        for line in all {
            let line: String = rdp_probe::escape(line).chars().take(room).collect();
            _ = writeln!(text, "{line}");
            self.shown += 1;
        }
        stderr::write_soon(text);
    }

    /// Takes them away.
    pub(crate) fn clear(&mut self) {
        if self.shown > 0 {
            // What is written next may be a report on the same terminal.
            stderr::write(self.above());
            self.shown = 0;
        }
    }

    /// Goes back to where the first of them stands, and takes them away.
    fn above(&self) -> String {
        if self.shown == 0 { String::new() } else { format!("\x1b[{}A\r\x1b[J", self.shown) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.clear();
    }
}
