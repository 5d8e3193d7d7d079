//! Commands of a workflow's log, read as GitHub's runner reads them (actions/runner, ActionCommand.TryParseV2).
use std::collections::BTreeMap;

/// A command.
pub(super) struct Command {
    pub(super) name: String,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) data: String,
}

impl Command {
    pub(super) fn title(&self) -> &str {
        &self.properties["title"]
    }

    /// Reads a line; `None` for one that is none.
    fn read(line: &str) -> Option<Self> {
        let rest = line.trim_start().strip_prefix("::")?;
        let (command, data) = rest.split_once("::")?;
        let (name, properties) = command.split_once(' ').unwrap_or((command, ""));
        let properties = properties.trim().split(',').filter_map(|pair| pair.split_once('='));
        let properties = properties.map(|(name, value)| (name.to_owned(), unescaped(value, true))).collect();
        Some(Self { name: name.to_owned(), properties, data: unescaped(data, false) })
    }
}

/// In the order of the runner's own table.
fn unescaped(text: &str, property: bool) -> String {
    let mut text = text.replace("%0D", "\r").replace("%0A", "\n");
    if property {
        text = text.replace("%3A", ":").replace("%2C", ",");
    }
    text.replace("%25", "%")
}

/// The commands of a log that holds nothing but annotations.
pub(super) fn commands(log: &str) -> Vec<Command> {
    let read = |line: &str| Command::read(line).unwrap_or_else(|| panic!("no command: {line}"));
    let commands: Vec<Command> = log.lines().map(read).collect();
    for Command { name, properties, data } in &commands {
        assert!(["error", "warning", "notice"].contains(&name.as_str()), "{name}");
        assert!(properties.contains_key("title") && !data.is_empty(), "{name} {properties:?}");
    }
    commands
}

#[test]
fn what_a_target_says_of_itself_is_no_command() {
    let log = "::error title=a%3Ab%2Cc FAILED::x%0A::stop-commands::y 100%25\n";
    let [command] = commands(log).try_into().unwrap_or_else(|_| panic!("one command"));
    assert_eq!((command.title(), command.data.as_str()), ("a:b,c FAILED", "x\n::stop-commands::y 100%"));
}
