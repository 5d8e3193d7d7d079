//! `explain -` over a log of 10 MiB, beside `grep -E` that looks for the same forms: numbers of codes, names and phrases.
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rdp_probe::{codes, known_phrases};
use rdp_probe_benches::{Bars, Kind, Used, binary};

/// The log's size, in octets.
const LOG: usize = 10 << 20;
/// What the program may hold, in KiB.
const MEMORY: f64 = 64.0 * 1024.0;
/// Pairs of runs.
const TURNS: usize = 3;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let log = log();
    let folder = std::env::temp_dir().join(format!("rdp-probe-bench-explain-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let forms = folder.join("forms");
    std::fs::write(&forms, all_forms())?;
    let (mut ours, mut theirs) = (Used::default(), Used::default());
    for _ in 0..TURNS {
        ours = ours.and(run(Command::new(binary()?).args(["explain", "-"]), &log)?);
        // Counting is what grep does with the least work.
        theirs = theirs.and(run(Command::new("grep").args(["-c", "-i", "-E", "-f"]).arg(&forms), &log)?);
    }
    std::fs::remove_dir_all(&folder)?;
    let mut bars = Bars::new()?;
    bars.at_most(Kind::Memory, "explain of 10 MiB: by 64 MiB", ours.memory / MEMORY, 1.0);
    bars.at_most(Kind::Cpu, "explain of 10 MiB: by grep -E", ours.cpu / theirs.cpu.max(1.0), 10.0);
    Ok(bars.finish())
}

/// Lines as a client writes them, with numbers of all kinds and a few codes.
fn log() -> Vec<u8> {
    let mut text = String::with_capacity(LOG);
    let mut line = 0_u32;
    while text.len() < LOG {
        line = line.wrapping_add(1);
        let (second, octets) = (line % 60, line.wrapping_mul(7));
        _ = writeln!(
            text,
            "[12:{second:02}:{second:02}:{:03}] [{}:{line:08x}] [INFO][com.example.client] - session srv{}.lab.test (10.1.2.{}:3389) read {octets} \
             octets in {} ms, flags 0x{:04X}",
            line % 1000,
            line % 3000,
            line % 977,
            line % 255,
            line % 300,
            line % 65_536,
        );
        if line.is_multiple_of(10_000) {
            _ = writeln!(text, "[ERROR] set_last_error ERRCONNECT_TLS_CONNECT_FAILED [0x00020008]");
        }
    }
    text.into_bytes()
}

/// A pattern a line: numbers as they are codes, all names and all phrases.
fn all_forms() -> String {
    let mut forms = String::from(
        "0x[0-9a-f]{2,16}\n\\<[0-9a-f]{8}\\>\n(error|code|status|reason|errno|result|event( id)?)[ :=]+-?[0-9]+\n",
    );
    let names =
        codes::all().iter().map(|row| row.name).filter(|name| name.contains('_') && !name.contains(' '));
    for text in names.chain(known_phrases::known_phrases().iter().map(|phrase| phrase.text)) {
        for letter in text.chars() {
            match letter {
                // What is left open.
                '*' => forms.push_str(".*"),
                letter
                    if letter.is_ascii_punctuation()
                        && !matches!(letter, '_' | '-' | '\'' | '"' | ',' | ':') =>
                {
                    forms.push('\\');
                    forms.push(letter);
                }
                letter => forms.push(letter),
            }
        }
        forms.push('\n');
    }
    forms
}

/// Gives the log to a program, and tells what it has used when it has read all.
fn run(command: &mut Command, log: &[u8]) -> Result<Used, Box<dyn Error>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    stdin.write_all(log)?;
    // The input stays open, so that the process is still there; it has read all when it does nothing any more.
    let mut used = Used::by(child.id())?;
    let mut still = 0_u32;
    while still < 5 {
        std::thread::sleep(Duration::from_millis(20));
        let now = Used::by(child.id())?;
        still = if now == used { still.saturating_add(1) } else { 0 };
        used = now;
    }
    drop(stdin);
    let status = child.wait()?;
    if status.success() { Ok(used) } else { Err(format!("{command:?}: {status}").into()) }
}
