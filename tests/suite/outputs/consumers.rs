//! Programs that read outputs.
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a program says that has to be content.
pub(super) fn consumed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// What Python makes of a file, as JSON.
fn python(script: &str, file: &str) -> Value {
    let said = consumed("/usr/bin/python3", &["-c", script, file]);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The suites, as junitparser reads them; they fit the schema, as xmllint reads it.
pub(super) fn suites(file: &str) -> Vec<Value> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("junit.xsd");
    consumed("xmllint", &["--noout", "--nonet", "--schema", schema.to_str().unwrap(), file]);
    let script = "
import json, sys
from junitparser import JUnitXml
def case(c):
    of = [(type(r).__name__, r.message, r.type, r.text) for r in c.result]
    return {'name': c.name, 'class': c.classname, 'results': of}
xml = JUnitXml.fromfile(sys.argv[1])
print(json.dumps([{'name': s.name, 'tests': s.tests, 'failures': s.failures, 'errors': s.errors, 'skipped': s.skipped,
    'properties': {p.name: p.value for p in s.properties()}, 'cases': [case(c) for c in s]} for s in xml]))";
    python(script, file).as_array().unwrap().clone()
}

/// The rows of a CSV, by their columns, as Python reads them.
pub(super) fn rows(file: &str) -> Vec<Value> {
    let script = "
import csv, json, sys
with open(sys.argv[1], newline='', encoding='utf-8') as f:
    print(json.dumps(list(csv.DictReader(f, strict=True))))";
    python(script, file).as_array().unwrap().clone()
}
