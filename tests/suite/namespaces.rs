//! Private namespaces, as whoever runs the tests may make them.

use std::process::{Command, Stdio};

/// `unshare` with namespaces of these kinds, such as `--net`: as root by itself, and where that is not allowed (in a
/// container, or as somebody else) inside a user namespace, in which everybody is root.
pub(crate) fn unshare(kinds: &[&str]) -> Command {
    let user = ["--user", "--map-root-user"];
    let ways: [&[&str]; 2] = [&[], &user];
    let mut refusals = Vec::new();
    for way in ways {
        let arguments: Vec<&str> = way.iter().chain(kinds).copied().collect();
        let tried = Command::new("unshare")
            .args(&arguments)
            .args(["--", "true"])
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("unshare: {error} (tests/run installs what is missing)"));
        if tried.status.success() {
            let mut command = Command::new("unshare");
            command.args(arguments).arg("--");
            return command;
        }
        refusals.push(String::from_utf8_lossy(&tried.stderr).trim().to_owned());
    }
    panic!(
        "namespaces ({}) are neither root's to make here ({}) nor everybody's ({}): these tests need root's rights with \
         CAP_SYS_ADMIN, or user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)",
        kinds.join(" "),
        refusals[0],
        refusals[1]
    );
}

/// Runs one test of this program, which is ignored otherwise, inside private networks and mounts; `inside` is set there only.
pub(crate) fn run_inside(test: &str, inside: &str) {
    crate::binary::binary();
    let output = unshare(&["--net", "--mount"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(inside, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "inside the namespaces:\n{text}");
    assert!(text.contains("1 passed"), "the test inside did not run:\n{text}");
}
