//! What checks say, read as the guidelines for monitoring plugins have it, and by the programs that run them.
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::consumers::consumed;
use super::given::report;
use crate::binary::binary;
use crate::usage::Scratch;

/// What a check said.
pub(super) struct Said {
    /// The state in a word.
    pub(super) word: String,
    /// Values by what they are of.
    pub(super) data: BTreeMap<String, String>,
    /// All lines.
    pub(super) lines: Vec<String>,
}

impl Said {
    pub(super) fn read(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (said, data) = lines[0].split_once('|').unwrap_or_else(|| panic!("no figures: {text}"));
        assert!(!data.contains('|') && lines[1..].iter().all(|line| !line.contains('|')), "{text}");
        let word = said.strip_prefix("RDP ").and_then(|rest| rest.split_once(" - ")).unwrap().0;
        Self { word: word.to_owned(), data: figures(data), lines }
    }
}

/// `'label'=value[UOM];[warn];[crit];[min];[max]`, with spaces between, strictly.
fn figures(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (label, after) = label(rest);
        let (figure, others) = after.split_once(' ').unwrap_or((after, ""));
        let parts: Vec<&str> = figure.split(';').collect();
        let value = parts[0].strip_suffix('s').unwrap_or(parts[0]);
        assert!(parts.len() <= 5 && value.parse::<f64>().is_ok(), "{label}: {figure}");
        for range in &parts[1..] {
            let ends = range.split(':').all(|end| end.is_empty() || end.parse::<f64>().is_ok());
            assert!(ends, "{label}: {figure}");
        }
        all.insert(label, value.to_owned());
        rest = others;
    }
    all
}

/// The label before an equals sign, and what follows that.
fn label(text: &str) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let (label, rest) = text.split_once('=').unwrap();
        assert!(!label.contains(['\'', ' ']), "{label}");
        return (label.to_owned(), rest);
    };
    let mut label = String::new();
    loop {
        let (part, after) = rest.split_once('\'').unwrap_or_else(|| panic!("no end: {text}"));
        label.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => (label.push('\''), rest = more).1,
            None => return (label, after.strip_prefix('=').unwrap_or_else(|| panic!("no value: {text}"))),
        }
    }
}

#[test]
fn labels_are_read_with_their_quotation_marks() {
    let read = figures("time=0.1s;;;0 'it''s a b'=3;30:");
    assert_eq!((read["time"].as_str(), read["it's a b"].as_str()), ("0.1", "3"));
}

/// The plugins' own program that turns states round runs the check, and takes its states and words for what they are.
#[test]
fn negate_turns_the_states_of_a_check_round() {
    let scratch = Scratch::new("negate");
    for (name, word, code) in [
        ("certificate-of-the-authority", "OK", 2),
        ("tcp-refused", "CRITICAL", 0),
        ("certificate-ends-soon", "WARNING", 1),
    ] {
        let file = scratch.file(name, serde_json::to_string(&report(name)).unwrap().as_bytes());
        let check = [binary().to_str().unwrap(), "--from-report", &file, "-o", "nagios", "--exit", "nagios"];
        let mut negate = Command::new("/usr/lib/nagios/plugins/negate");
        let output = negate.args(["-s"]).args(check).env_clear().stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        let now = match word {
            "OK" => "CRITICAL",
            "CRITICAL" => "OK",
            other => other,
        };
        assert!(said.starts_with(&format!("RDP {now} - ")), "{said}");
    }
}

/// How long Nagios may take to run two checks.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends when this is dropped.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn nagios_takes_the_state_the_text_and_the_figures_of_a_check() {
    let scratch = Scratch::new("nagios");
    let (healthy, refused) = ("certificate-of-the-authority", "tcp-refused");
    let [healthy, refused] = [healthy, refused]
        .map(|name| scratch.file(name, serde_json::to_string(&report(name)).unwrap().as_bytes()));
    let (config, status, whoami) =
        (scratch.path("nagios.cfg"), scratch.path("status"), consumed("id", &["-un"]));
    let (user, group) = (whoami.trim(), consumed("id", &["-gn"]));
    let folder = scratch.path("");
    for made in ["results", "temp"] {
        std::fs::create_dir(scratch.path(made)).unwrap();
    }
    let program = binary().display();
    let service = |name: &str, file: &str| {
        format!(
            "define command {{\n command_name {name}\n command_line {program} --from-report {file} -o nagios --exit nagios\n}}\n\
             define service {{\n host_name srv1\n service_description {name}\n check_command {name}\n max_check_attempts 1\n \
             check_interval 1\n retry_interval 1\n check_period always\n notifications_enabled 0\n}}\n"
        )
    };
    let objects = format!(
        "define command {{\n command_name nobody\n command_line /bin/true\n}}\n\
         define contact {{\n contact_name nobody\n host_notification_period always\n service_notification_period always\n \
         host_notification_commands nobody\n service_notification_commands nobody\n}}\n\
         define timeperiod {{\n timeperiod_name always\n alias always\n monday 00:00-24:00\n tuesday 00:00-24:00\n wednesday 00:00-24:00\n \
         thursday 00:00-24:00\n friday 00:00-24:00\n saturday 00:00-24:00\n sunday 00:00-24:00\n}}\n\
         define host {{\n host_name srv1\n address 127.0.0.1\n max_check_attempts 1\n check_period always\n notifications_enabled 0\n}}\n{}{}",
        service("healthy", &healthy),
        service("refused", &refused)
    );
    let objects = scratch.file("objects.cfg", objects.as_bytes());
    let main = format!(
        "cfg_file={objects}\nlog_file={folder}log\nobject_cache_file={folder}cache\nprecached_object_file={folder}precached\n\
         status_file={status}\ntemp_file={folder}temp-file\ntemp_path={folder}temp\ncheck_result_path={folder}results\n\
         lock_file={folder}lock\ncommand_file={folder}command\nquery_socket={folder}query\nstate_retention_file={folder}retention\n\
         retain_state_information=0\ncheck_external_commands=0\nenable_notifications=0\nenable_event_handlers=0\nstatus_update_interval=1\n\
         check_workers=1\nservice_inter_check_delay_method=n\nhost_inter_check_delay_method=n\ncheck_for_updates=0\nuse_syslog=0\n\
         nagios_user={user}\nnagios_group={}\nillegal_macro_output_chars=`~$&|'\"<>\n",
        group.trim()
    );
    std::fs::write(&config, main).unwrap();
    consumed("/usr/sbin/nagios4", &["-v", &config]);
    let child =
        Command::new("/usr/sbin/nagios4").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let mut running = Running(child.unwrap());
    let start = Instant::now();
    let services = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let services: Vec<BTreeMap<String, String>> =
            text.split("servicestatus {").skip(1).map(|one| fields(one.split('}').next().unwrap())).collect();
        if services.len() == 2 && services.iter().all(|service| service["has_been_checked"] == "1") {
            break services;
        }
        let log = || std::fs::read_to_string(scratch.path("log")).unwrap_or_default();
        assert!(start.elapsed() < PATIENCE, "{services:?}\n{}", log());
        assert_eq!(running.0.try_wait().unwrap(), None, "{}", log());
        thread::sleep(Duration::from_millis(20));
    };
    drop(running);
    for (name, state, begin) in [
        ("healthy", "0", "RDP OK - 127.0.0.1:20389: "),
        ("refused", "2", "RDP CRITICAL - 127.0.0.1:20389 FAILED at "),
    ] {
        let service = services.iter().find(|service| service["service_description"] == name).unwrap();
        assert_eq!(service["current_state"], state, "{service:?}");
        assert!(service["plugin_output"].starts_with(begin), "{service:?}");
        assert!(service["long_plugin_output"].contains("exit code "), "{service:?}");
        assert!(figures(&service["performance_data"]).contains_key("time"), "{service:?}");
    }
}

/// Lines of `name=value`.
fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
