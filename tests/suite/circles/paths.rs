//! What one source says of modules: which it has, and which paths it names.
use super::tokens::{Located, Token, tokens};

/// A thing that a source says of modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// `mod name;`: a module in a file of its own.
    File(String),
    /// `mod name {`: a module in this file, from here to its [`Said::End`].
    Begin(String),
    /// The end of a module in this file.
    End,
    /// A path of a `use`, and the name that it gets here; none for `*` and `_`.
    Use { path: NamedPath, name: Option<String>, all: bool },
    /// A path anywhere else.
    Body(NamedPath),
}

/// A path as it is written, without what stands in angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// Reads a source, in its order.
pub(super) fn said(source: &str) -> Vec<Said> {
    let tokens = tokens(source);
    let mut reader = Reader { tokens: &tokens, at: 0, said: Vec::new(), depth: 0, inline: Vec::new() };
    while let Some(here) = reader.peek(0) {
        reader.step(here);
    }
    reader.said
}

struct Reader<'a> {
    tokens: &'a [Located<'a>],
    at: usize,
    said: Vec<Said>,
    /// How many braces are open, and at which of them modules began.
    depth: usize,
    inline: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<Located<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn token(&self, ahead: usize) -> Option<Token<'a>> {
        self.peek(ahead).map(|located| located.token)
    }

    /// What stands before.
    fn before(&self) -> Option<Token<'a>> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|located| located.token)
    }

    fn step(&mut self, here: Located<'a>) {
        let next = self.token(1);
        match (here.token, next) {
            (Token::Word("mod"), Some(Token::Word(name))) => {
                match self.token(2) {
                    Some(Token::Mark(';')) => self.said.push(Said::File(name.into())),
                    Some(Token::Mark('{')) => {
                        self.said.push(Said::Begin(name.into()));
                        self.inline.push(self.depth);
                        self.depth += 1;
                    }
                    other => panic!("mod {name} is followed by {other:?}"),
                }
                self.at += 3;
            }
            // `use<..>` is a bound.
            (Token::Word("use"), Some(Token::Word(_) | Token::Colons | Token::Mark('{'))) => {
                self.at += 1;
                self.tree(&[]);
            }
            // `pub(in path)` says who may import, and imports nothing.
            (Token::Word("pub"), Some(Token::Mark('('))) => {
                while !matches!(self.token(0), None | Some(Token::Mark(')'))) {
                    self.at += 1;
                }
            }
            (Token::Word(_), Some(Token::Colons)) => self.body(here),
            (Token::Mark('{'), _) => {
                self.depth += 1;
                self.at += 1;
            }
            (Token::Mark('}'), _) => {
                self.depth = self.depth.checked_sub(1).expect("a brace is closed that was not opened");
                if self.inline.last() == Some(&self.depth) {
                    self.inline.pop();
                    self.said.push(Said::End);
                }
                self.at += 1;
            }
            (Token::Word(_) | Token::Colons | Token::Mark(_), _) => self.at += 1,
        }
    }

    /// A path outside a `use`. One that goes on behind `::` or `.` began elsewhere, and what a macro puts in front
    /// is not known; `$crate` is.
    fn body(&mut self, here: Located<'a>) {
        let of_macro = self.before() == Some(Token::Mark('$')) && here.token != Token::Word("crate");
        let goes_on = matches!(self.before(), Some(Token::Colons | Token::Mark('.')));
        let path = self.path(&[], here.line);
        if !of_macro && !goes_on {
            self.said.push(Said::Body(path));
        }
    }

    /// Words with `::` between them, behind those of `before`. What follows the last one is not touched.
    fn path(&mut self, before: &[String], line: usize) -> NamedPath {
        let mut segments = before.to_vec();
        while let Some(Token::Word(word)) = self.token(0) {
            segments.push(word.to_owned());
            self.at += 1;
            match (self.token(0), self.token(1)) {
                (Some(Token::Colons), Some(Token::Word(_))) => self.at += 1,
                _ => break,
            }
        }
        NamedPath { segments, line }
    }

    /// One branch of a `use`, behind `before`, up to the comma, brace or semicolon behind it.
    fn tree(&mut self, before: &[String]) {
        // `use ::name` and `use name` are the same here.
        if self.token(0) == Some(Token::Colons) {
            self.at += 1;
        }
        let Some(first) = self.peek(0) else { return };
        let mut path = self.path(before, first.line);
        if self.token(0) == Some(Token::Colons) {
            self.at += 1;
        }
        match self.token(0) {
            Some(Token::Mark('{')) => {
                self.at += 1;
                while !matches!(self.token(0), None | Some(Token::Mark('}'))) {
                    self.tree(&path.segments);
                    if self.token(0) == Some(Token::Mark(',')) {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            Some(Token::Mark('*')) => {
                self.at += 1;
                self.said.push(Said::Use { path, name: None, all: true });
            }
            other => {
                // `a::{self}` is `a`.
                if path.segments.len() > 1 && path.segments.last().is_some_and(|last| last == "self") {
                    path.segments.pop();
                }
                let mut name = path.segments.last().cloned();
                if let (Some(Token::Word("as")), Some(Token::Word(alias))) = (other, self.token(1)) {
                    name = (alias != "_").then(|| alias.to_owned());
                    self.at += 2;
                }
                self.said.push(Said::Use { path, name, all: false });
            }
        }
    }
}

#[test]
fn uses_modules_and_paths_in_bodies_are_read() {
    let path = |text: &str, line| NamedPath { segments: text.split("::").map(str::to_owned).collect(), line };
    let used = |text: &str, name: &str, line| Said::Use {
        path: path(text, line),
        name: Some(name.to_owned()),
        all: false,
    };
    let all = |text: &str, line| Said::Use { path: path(text, line), name: None, all: true };
    let source = "pub(crate) mod a;
        pub use b::{self, c::{D as E, *}, f as _};
        use ::g;
        #[arg(value_parser = crate::h::parse)]
        impl i::J for K<l::M> { fn n(o: &super::P) -> Vec<q::R> { s.t::<u::V>(); $crate::w!(x::Y, $z::a) } }
        pub(in crate::b) mod tests { use super::*; }
        fn c() -> impl use<'_> D {}";
    let unnamed = Said::Use { path: path("b::f", 2), name: None, all: false };
    let expected = [
        Said::File("a".into()),
        used("b", "b", 2),
        used("b::c::D", "E", 2),
        all("b::c", 2),
        unnamed,
        used("g", "g", 3),
        Said::Body(path("crate::h::parse", 4)),
        Said::Body(path("i::J", 5)),
        Said::Body(path("l::M", 5)),
        Said::Body(path("super::P", 5)),
        Said::Body(path("q::R", 5)),
        Said::Body(path("u::V", 5)),
        Said::Body(path("crate::w", 5)),
        Said::Body(path("x::Y", 5)),
        Said::Begin("tests".into()),
        all("super", 6),
        Said::End,
    ];
    assert_eq!(said(source), expected);
}
