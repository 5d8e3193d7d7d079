//! Which file imports which: every path followed through the modules that it names.
use std::collections::{BTreeMap, BTreeSet};

use super::paths::{NamedPath, Said, said};

/// Files by their paths from the project's folder: `Cargo.toml` of each package, and sources.
pub(super) type Files = BTreeMap<String, String>;

/// A file imports another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) line: usize,
    /// What is imported, as it is written there.
    pub(super) name: String,
    pub(super) to: String,
    /// Whether it leads to the `main.rs` or `lib.rs` that the file itself belongs to.
    pub(super) to_own_root: bool,
}

/// All arrows between `files`, and the files that were read for them.
pub(super) fn arrows(files: &Files) -> (Vec<Arrow>, BTreeSet<String>) {
    let mut tree = Tree { files, modules: Vec::new(), libraries: BTreeMap::new() };
    for (path, manifest) in files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        tree.package(path.trim_end_matches("Cargo.toml"), manifest);
    }
    let arrows = (0..tree.modules.len()).flat_map(|module| tree.arrows_of(module)).collect();
    (arrows, tree.modules.iter().map(|module| module.file.clone()).collect())
}

/// A module by its place in [`Tree::modules`].
type Id = usize;

/// A module: a file, or a part of one in braces.
struct Module {
    file: String,
    /// Where the files of its children are, with a slash at the end.
    folder: String,
    root: Id,
    parent: Option<Id>,
    children: BTreeMap<String, Id>,
    /// Names that a `use` gives, and what for.
    names: BTreeMap<String, NamedPath>,
    /// `use path::*`.
    globs: Vec<NamedPath>,
    /// Every path that stands in it.
    paths: Vec<NamedPath>,
}

struct Tree<'a> {
    files: &'a Files,
    modules: Vec<Module>,
    /// The roots of libraries, by the names that other packages know them by.
    libraries: BTreeMap<String, Id>,
}

impl Tree<'_> {
    /// Reads what a package builds.
    fn package(&mut self, folder: &str, manifest: &str) {
        let manifest: toml::Table = manifest.parse().expect("a manifest that cannot be read");
        // That of the workspace is no package.
        let Some(package) = manifest.get("package") else { return };
        let path_of = |target: &toml::Value| target.get("path")?.as_str().map(|path| format!("{folder}{path}"));
        let library = manifest.get("lib").and_then(path_of).unwrap_or_else(|| format!("{folder}src/lib.rs"));
        let programs = ["bin", "test", "bench", "example"]
            .iter()
            .filter_map(|kind| manifest.get(*kind)?.as_array())
            .flat_map(|targets| targets.iter().filter_map(path_of));
        let mut roots: BTreeSet<String> =
            programs.chain([format!("{folder}src/main.rs"), library.clone()]).collect();
        roots.retain(|root| self.files.contains_key(root));
        for root in roots {
            let id = self.modules.len();
            if root == library {
                let name = package["name"].as_str().expect("a package without a name").replace('-', "_");
                self.libraries.insert(name, id);
            }
            let (folder, _) = root.rsplit_once('/').expect("a root lies in a folder");
            self.file(&root, format!("{folder}/"), id, None);
        }
    }

    fn module(&mut self, file: &str, folder: String, root: Id, parent: Option<Id>) -> Id {
        self.modules.push(Module {
            file: file.to_owned(),
            folder,
            root,
            parent,
            children: BTreeMap::new(),
            names: BTreeMap::new(),
            globs: Vec::new(),
            paths: Vec::new(),
        });
        self.modules.len() - 1
    }

    /// Reads a source and those of its children.
    fn file(&mut self, path: &str, folder: String, root: Id, parent: Option<Id>) -> Id {
        let id = self.module(path, folder, root, parent);
        let mut here = id;
        for said in said(&self.files[path]) {
            match said {
                Said::File(name) => {
                    let folder = format!("{}{name}/", self.modules[here].folder);
                    let places = [format!("{}.rs", folder.trim_end_matches('/')), format!("{folder}mod.rs")];
                    let Some(place) = places.iter().find(|place| self.files.contains_key(*place)) else {
                        panic!("{path}: neither of {places:?} is there");
                    };
                    let child = self.file(place, folder, root, Some(here));
                    self.modules[here].children.insert(name, child);
                }
                Said::Begin(name) => {
                    let folder = format!("{}{name}/", self.modules[here].folder);
                    let child = self.module(path, folder, root, Some(here));
                    self.modules[here].children.insert(name, child);
                    here = child;
                }
                Said::End => here = self.modules[here].parent.expect("a module in braces has a parent"),
                Said::Use { path, name, all } => {
                    let module = &mut self.modules[here];
                    if all {
                        module.globs.push(path.clone());
                    }
                    module.names.extend(name.map(|name| (name, path.clone())));
                    module.paths.push(path);
                }
                Said::Body(path) => self.modules[here].paths.push(path),
            }
        }
        id
    }

    fn arrows_of(&self, id: Id) -> Vec<Arrow> {
        let from = &self.modules[id];
        let arrow = |path: &NamedPath| {
            let (to, _) = self.follow(id, &path.segments, &mut BTreeSet::new())?;
            let file = &self.modules[to].file;
            (*file != from.file).then(|| Arrow {
                from: from.file.clone(),
                line: path.line,
                name: path.segments.join("::"),
                to: file.clone(),
                to_own_root: to == from.root || *file == self.modules[from.root].file,
            })
        };
        from.paths.iter().filter_map(arrow).collect()
    }

    /// The last module that a path names, as it is seen from module `at`, and whether that is all of the path. None
    /// when it leads to something else than modules of ours.
    fn follow(&self, at: Id, path: &[String], seen: &mut BTreeSet<(Id, String)>) -> Option<(Id, bool)> {
        let (first, mut rest) = path.split_first()?;
        let mut here = match first.as_str() {
            "crate" => self.modules[at].root,
            "self" => at,
            "super" => self.modules[at].parent?,
            name => self.lookup(at, name, seen).or_else(|| self.libraries.get(name).copied())?,
        };
        while let Some((name, after)) = rest.split_first() {
            let module = &self.modules[here];
            let next = if name == "super" { module.parent } else { module.children.get(name).copied() };
            // What a module re-exports is its own: the arrow leads to the module.
            let Some(next) = next else { break };
            (here, rest) = (next, after);
        }
        Some((here, rest.is_empty()))
    }

    /// The module that a plain name means in module `at`.
    fn lookup(&self, at: Id, name: &str, seen: &mut BTreeSet<(Id, String)>) -> Option<Id> {
        let module = &self.modules[at];
        if let Some(child) = module.children.get(name) {
            return Some(*child);
        }
        if !seen.insert((at, name.to_owned())) {
            return None;
        }
        if let Some(path) = module.names.get(name) {
            let (found, whole) = self.follow(at, &path.segments, seen)?;
            return whole.then_some(found);
        }
        module.globs.iter().find_map(|glob| {
            let (of, whole) = self.follow(at, &glob.segments, seen)?;
            if whole && of != at { self.lookup(of, name, seen) } else { None }
        })
    }
}
