//! What is published carries what belongs to it.
use std::path::Path;

#[test]
fn every_published_package_carries_readme_licences_and_the_address_of_its_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut packages = 0;
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let manifest: toml::Table = read(&folder.join("Cargo.toml")).parse().unwrap();
        let package = &manifest["package"];
        let name = package["name"].as_str().unwrap();
        assert_eq!(package.get("publish"), None, "{name}");
        let readme = package.get("readme").and_then(|readme| readme.get("workspace"));
        assert_eq!(readme.and_then(toml::Value::as_bool), Some(true), "{name}: readme");
        let documentation = package.get("documentation").and_then(toml::Value::as_str);
        assert!(
            documentation
                .is_some_and(|address| address.starts_with("https://docs.rs/") && address.ends_with(name)),
            "{name}: {documentation:?}"
        );
        // A link, so that there is one text; a package gets what it leads to.
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(read(&folder.join(licence)), read(&root.join(licence)), "{name}: {licence}");
        }
        packages += 1;
    }
    assert_eq!(packages, 6);
}

#[test]
fn dependencies_that_readme_shows_are_those_that_its_program_needs() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let (_, block) = readme.split_once("```toml\n").unwrap();
    let table: toml::Table = block.split_once("```").unwrap().0.parse().unwrap();
    let dependencies = table["dependencies"].as_table().unwrap();
    // This crate's documentation test compiles the program (tests/oracle/lib.rs).
    let workspace = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let workspace: toml::Table = workspace.parse().unwrap();
    assert_eq!(dependencies["rdp-probe"].as_str(), workspace["workspace"]["package"]["version"].as_str());
    let features: Vec<&str> =
        dependencies["tokio"]["features"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(features, ["macros", "rt"]);
}
