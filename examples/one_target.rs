//! One target: `cargo run --example one_target -- srv1:3389`
#![expect(clippy::print_stdout, reason = "an example shows something")]
use rdp_probe::{Probe, Target, escape};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target: Target = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3389".into()).parse()?;
    let report = Probe::builder(target).enumerate(true).build()?.run().await;

    // A sick target is not an error: everything is in the report.
    println(&format!("{} (exit code {})", report.summary(), report.exit_code()));
    for rule in &report.diagnosis.causes {
        println(&format!("- {}: {}", rule.id, report.text_of(|rule| rule.remedy, rule)));
    }
    Ok(())
}

/// A summary may quote what a server sent, and that must not reach the terminal as it is.
fn println(text: &str) {
    println!("{}", escape(text));
}
