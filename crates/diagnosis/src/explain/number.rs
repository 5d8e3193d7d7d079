//! A number as people and programs write it.

/// How it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Hexadecimal,
    Decimal,
    Signed,
}

/// A number, and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) notation: Notation,
    /// `None` when it does not fit into 32 bits.
    pub(super) value: Option<u32>,
}

impl Number {
    /// Reads `0x904`, `904h`, `2308`, `-5`, and `C000006D`; brackets, quotes and full stops around it are left out. `None` when
    /// it is no number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || "()[]<>{}\"'`,;:.".contains(c));
        let (notation, value) =
            if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                (Notation::Hexadecimal, hexadecimal(digits)?)
            } else if let Some(digits) = text.strip_prefix('-') {
                (Notation::Signed, decimal(digits)?.and_then(negative))
            } else if text.len() == 8 && text.starts_with("000") && all(text, |c| c.is_ascii_digit()) {
                // Nobody fills up a decimal number: as FreeRDP prints its codes.
                (Notation::Hexadecimal, hexadecimal(text)?)
            } else if let Some(value) = decimal(text) {
                (Notation::Decimal, value.and_then(low_word))
            } else {
                let begins_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
                let digits = text.strip_suffix(['h', 'H']).filter(|_| begins_with_digit).unwrap_or(text);
                // A word such as "face" is no number.
                if !digits.contains(|c: char| c.is_ascii_digit()) {
                    return None;
                }
                (Notation::Hexadecimal, hexadecimal(digits)?)
            };
        Some(Self { notation, value })
    }
}

/// `None` when these are no digits; `Some(None)` when they are too many.
fn hexadecimal(digits: &str) -> Option<Option<u32>> {
    all(digits, |c| c.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok().and_then(low_word))
}

fn decimal(digits: &str) -> Option<Option<u64>> {
    all(digits, |c| c.is_ascii_digit()).then(|| digits.parse().ok())
}

fn all(digits: &str, is_digit: fn(&char) -> bool) -> bool {
    !digits.is_empty() && digits.chars().all(|c| is_digit(&c))
}

/// Programs of 64 bits print a negative HRESULT with its sign in front: 0xFFFFFFFF80090304.
fn low_word(value: u64) -> Option<u32> {
    let negative = (0xFFFF_FFFF_8000_0000..=u64::MAX).contains(&value);
    u32::try_from(if negative { value & 0xFFFF_FFFF } else { value }).ok()
}

fn negative(magnitude: u64) -> Option<u32> {
    let value = i64::try_from(magnitude).ok()?.checked_neg()?;
    i32::try_from(value).ok().map(i32::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<(Notation, Option<u32>)> {
        Number::parse(text).map(|number| (number.notation, number.value))
    }

    #[test]
    fn every_notation_is_read() {
        use Notation::{Decimal, Hexadecimal, Signed};
        let cases = [
            ("0x904", Hexadecimal, 0x904),
            ("0X0002000d", Hexadecimal, 0x2000D),
            ("C000006D", Hexadecimal, 0xC000_006D),
            ("2000D", Hexadecimal, 0x2000D),
            ("516h", Hexadecimal, 0x516),
            ("00020009", Hexadecimal, 0x2_0009),
            ("[0x0002000D].", Hexadecimal, 0x2000D),
            ("0xFFFFFFFF80090304", Hexadecimal, 0x8009_0304),
            ("2308", Decimal, 2308),
            ("0516", Decimal, 516),
            ("4294967295", Decimal, u32::MAX),
            ("-5", Signed, 0xFFFF_FFFB),
            ("-2146893044", Signed, 0x8009_030C),
            ("-2147483648", Signed, 0x8000_0000),
        ];
        for (text, notation, value) in cases {
            assert_eq!(number(text), Some((notation, Some(value))), "{text}");
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_one_all_the_same() {
        for text in
            ["0x100000000", "4294967296", "-2147483649", "99999999999999999999999", "0xFFFFFFFF00000000"]
        {
            assert_eq!(number(text).unwrap().1, None, "{text}");
        }
    }

    #[test]
    fn words_are_no_numbers() {
        for text in
            ["", "-", "0x", "0xG", "face", "STATUS_ACCOUNT_LOCKED_OUT", "-0x5", "1.2", "--5", "\u{661}", "h"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
