//! What holds for reports that are read from a file, whoever wrote it.
use rdp_probe::Report;

/// As much as is said of what cannot be read, in octets.
const MOST_SAID: usize = 1024;

/// A text is refused in a few words, or its reports can be diagnosed, written, and read again as the same.
///
/// # Panics
/// When that does not hold.
pub fn stored_report(octets: &[u8]) {
    if let Ok(text) = str::from_utf8(octets) {
        reads_again(text);
    }
}

/// The same of a text.
///
/// # Panics
/// When that does not hold.
pub fn reads_again(text: &str) {
    let reports = match Report::all_from_json(text) {
        Ok(reports) => reports,
        Err(error) => {
            let said = error.to_string();
            assert!((1..MOST_SAID).contains(&said.len()), "{said}");
            return;
        }
    };
    for report in reports {
        let json = serde_json::to_string(&report).unwrap_or_default();
        let again = Report::from_json(&json);
        assert_eq!(again.as_ref(), Ok(&report), "{json}");
        assert!(!report.summary().is_empty(), "{report:?}");
        // What was stored of the verdict counts for nothing: it follows from the evidence.
        assert_eq!(report.diagnosis, rdp_probe::diagnose(&report.evidence));
    }
}
