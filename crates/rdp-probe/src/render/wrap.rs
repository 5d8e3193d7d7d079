//! Words on lines of a width.

/// Breaks `text` at spaces so that each line, after `indent`, has at most `width` characters. The first line begins with
/// `first`, the others with as many spaces. Where a word does not fit behind `first`, that stands alone, and the text below it.
pub fn wrapped(out: &mut String, first: &str, text: &str, width: usize) {
    let indent = first.chars().count();
    let longest = text.split(' ').map(|word| word.chars().count()).max().unwrap_or_default();
    let alone = first.trim_end();
    if indent + longest <= width || alone.trim_start().is_empty() {
        out.push_str(first);
        return continued(out, indent, indent, text, width);
    }
    let indent = alone.chars().take_while(|character| *character == ' ').count() + 2;
    out.push_str(alone);
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    continued(out, indent, indent, text, width);
}

/// The same behind `column` characters that the line has already, and a space; the lines that follow begin with `indent`
/// spaces. A word that is longer than a whole line stands alone on one.
pub(super) fn continued(out: &mut String, mut column: usize, indent: usize, text: &str, width: usize) {
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

/// Two columns, the second of which begins at `at`, or on a line of its own where the first is too long for both.
pub(super) fn columns(out: &mut String, indent: usize, left: &str, at: usize, right: &str, width: usize) {
    let first = " ".repeat(indent);
    let (end, right_length) = (indent + left.chars().count(), right.chars().count());
    let start = (end + 2).max(at);
    if start + right_length <= width {
        let gap = start - end;
        out.push_str(&format!("{first}{left}{:gap$}{right}\n", ""));
    } else {
        wrapped(out, &first, left, width);
        wrapped(out, &" ".repeat(indent + 2), right, width);
    }
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

    #[test]
    fn text_with_a_word_that_does_not_fit_behind_the_first_stands_below_it() {
        let mut out = String::new();
        wrapped(&mut out, "  Do: ", "as bbbbbbb says", 12);
        assert_eq!(out, "  Do:\n    as\n    bbbbbbb\n    says\n");
    }

    #[test]
    fn text_goes_on_behind_what_a_line_has_already() {
        let behind = |text: &str| {
            let mut out = String::from("12345");
            continued(&mut out, 5, 2, text, 10);
            out
        };
        assert_eq!(behind("abc def gh"), "12345 abc\n  def gh\n");
        assert_eq!(behind("abcdef"), "12345\n  abcdef\n");
    }

    #[test]
    fn second_column_gets_a_line_of_its_own_where_the_first_is_long() {
        let both = |left: &str| {
            let mut out = String::new();
            columns(&mut out, 2, left, 8, "right", 16);
            out
        };
        assert_eq!(both("ab"), "  ab    right\n");
        assert_eq!(both("abcdefg"), "  abcdefg  right\n");
        assert_eq!(both("abcdefgh"), "  abcdefgh\n    right\n");
    }
}
