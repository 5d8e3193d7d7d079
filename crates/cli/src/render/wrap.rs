//! Words on lines of a width.

/// Breaks `text` at spaces so that each line, after `indent`, has at most `width` characters. The first line begins with
/// `first`, the others with as many spaces.
pub(super) fn wrapped(out: &mut String, first: &str, text: &str, width: usize) {
    let indent = first.chars().count();
    let mut column = indent;
    out.push_str(first);
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 {
            if column.saturating_add(1).saturating_add(length) > width {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else {
                out.push(' ');
                column = column.saturating_add(1);
            }
        }
        out.push_str(word);
        column = column.saturating_add(length);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_keep_the_indent() {
        let mut out = String::new();
        wrapped(&mut out, "  1. ", "one two three four", 14);
        assert_eq!(out, "  1. one two\n     three\n     four\n");
    }

    #[test]
    fn a_word_longer_than_the_line_stands_alone() {
        let mut out = String::new();
        wrapped(&mut out, "", "a bbbbbbbbbb c", 5);
        assert_eq!(out, "a\nbbbbbbbbbb\nc\n");
    }
}
