//! No file imports one that imports it, be it by a longer way: what stands below knows nothing of what is built on it.
//!
//! A path counts wherever it stands: in a `use`, in a body, in an attribute, in a test inside the file. It leads to the file
//! that its modules name; what that one re-exports is its own. Names of macros without a path are not followed.
mod arrows;
mod graph;
mod paths;
mod tokens;

use std::path::Path;

use arrows::{Arrow, Files, arrows};
use graph::circles;

/// The folders that hold sources, from the project's own.
const FOLDERS: [&str; 6] =
    ["crates", "tests/oracle", "tests/suite", "benches", "examples", "fuzz/fuzz_targets"];

/// Manifests that do not lie in such a folder.
const MANIFESTS: [&str; 2] = ["tests/Cargo.toml", "fuzz/Cargo.toml"];

/// Every source of the project, and every manifest of its packages.
fn ours() -> Files {
    fn collect(root: &Path, path: &str, files: &mut Files) {
        for entry in std::fs::read_dir(root.join(path)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{path}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(root, &path, files);
            } else if path.ends_with(".rs") || path.ends_with("Cargo.toml") {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                files.insert(path, text);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Files::new();
    for folder in FOLDERS {
        collect(root, folder, &mut files);
    }
    for manifest in MANIFESTS {
        files.insert(manifest.into(), std::fs::read_to_string(root.join(manifest)).unwrap());
    }
    files
}

/// Arrows, one a line.
fn told<'a>(arrows: impl IntoIterator<Item = &'a Arrow>) -> String {
    arrows
        .into_iter()
        .map(|Arrow { from, line, name, to, .. }| format!("  {from}:{line} imports {to} by {name}\n"))
        .collect()
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let (arrows, _) = arrows(&ours());
    let circles: Vec<String> = circles(&arrows).into_iter().map(told).collect();
    assert!(circles.is_empty(), "circles:\n{}", circles.join("\n"));
}

#[test]
fn main_and_lib_are_imported_by_no_file_of_theirs() {
    let (arrows, _) = arrows(&ours());
    let to_root = told(arrows.iter().filter(|arrow| arrow.to_own_root));
    assert!(to_root.is_empty(), "\n{to_root}");
}

#[test]
fn every_source_is_read() {
    let files = ours();
    let (_, read) = arrows(&files);
    let unread: Vec<&String> =
        files.keys().filter(|path| path.ends_with(".rs") && !read.contains(*path)).collect();
    assert!(unread.is_empty() && read.len() > 150, "{} read, not {unread:?}", read.len());
}

/// A made-up package `one-two` of these sources.
fn made_up(sources: &[(&str, &str)]) -> Files {
    let sources = sources.iter().map(|(path, text)| (format!("one/src/{path}"), (*text).to_owned()));
    sources.chain([("one/Cargo.toml".to_owned(), "package.name = \"one-two\"".to_owned())]).collect()
}

/// Its circles, as a failure shows them.
fn circles_of(sources: &[(&str, &str)]) -> Vec<String> {
    circles(&arrows(&made_up(sources)).0)
        .into_iter()
        .map(|circle| told(circle).replace("one/src/", ""))
        .collect()
}

#[test]
fn a_circle_is_found_by_any_kind_of_path() {
    for (back, name) in [
        ("use crate::a::A;", "crate::a::A"),
        ("pub use super::a::{A};", "super::a::A"),
        ("use crate::{a::{self, A}};", "crate::a"),
        ("use super::a::*;", "super::a"),
        ("use crate::a as b;", "crate::a"),
        ("fn c() -> crate::a::A { d() }", "crate::a::A"),
        ("#[serde(with = crate::a::A)] struct D;", "crate::a::A"),
        ("fn c() { call!(super::a::A::new()) }", "super::a::A::new"),
        ("mod tests { use super::super::a::A; }", "super::super::a::A"),
    ] {
        let found =
            circles_of(&[("lib.rs", "mod a; mod b;"), ("a.rs", "//! A.\n\nuse crate::b::B;"), ("b.rs", back)]);
        let expected = format!("  a.rs:3 imports b.rs by crate::b::B\n  b.rs:1 imports a.rs by {name}\n");
        assert_eq!(found, [expected], "{back}");
    }
}

#[test]
fn a_circle_over_a_parent_and_over_names_of_modules_is_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod e;"),
        ("a/mod.rs", "mod b; mod c; pub use b::B; pub struct A;"),
        ("a/b.rs", "use super::c; fn f() { c::d::g() }"),
        ("a/c.rs", "pub mod d;"),
        ("a/c/d.rs", "use crate::e; mod tests { use super::*; fn h() { e::I } }"),
        ("e.rs", "use crate::a::B;"),
    ]);
    let expected = "  a/b.rs:1 imports a/c/d.rs by c::d::g
  a/c/d.rs:1 imports e.rs by crate::e
  e.rs:1 imports a/mod.rs by crate::a::B
  a/mod.rs:1 imports a/b.rs by b::B\n";
    assert_eq!(found.len(), 1, "{found:?}");
    let arrows = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(arrows(&found[0]), arrows(expected));
}

#[test]
fn what_only_looks_like_a_circle_is_none() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("a.rs", "mod c; mod d; pub use c::C; use std::b::B; use one_two_three::b::B;"),
        ("a/c.rs", "use super::d::D; pub(in crate::a) struct C;"),
        ("a/d.rs", "pub struct D; mod tests { use super::*; use self::f::G; mod f { use super::super::D; } }"),
        ("b.rs", "// use crate::a::A;\n/* crate::a::A */ use crate::a::A; const E: &str = \"crate::b::B\";"),
    ]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn libraries_are_known_by_their_packages_names() {
    let mut files = made_up(&[("lib.rs", "pub mod a;"), ("a.rs", "use super::A;")]);
    files.insert(
        "two/Cargo.toml".into(),
        "package.name = 'two'\nlib.path = 'b.rs'\n[[bench]]\npath = 'c.rs'".into(),
    );
    files.insert("two/b.rs".into(), "use one_two::a::A;\nuse one_two::B;".into());
    files.insert("two/c.rs".into(), "use two::C;".into());
    let (arrows, read) = arrows(&files);
    let expected = "  one/src/a.rs:1 imports one/src/lib.rs by super::A
  two/b.rs:1 imports one/src/a.rs by one_two::a::A
  two/b.rs:2 imports one/src/lib.rs by one_two::B
  two/c.rs:1 imports two/b.rs by two::C\n";
    assert_eq!(told(&arrows), expected);
    assert_eq!(arrows.iter().filter(|arrow| arrow.to_own_root).count(), 1);
    assert_eq!(read.len(), 4);
}
