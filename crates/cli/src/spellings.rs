//! Command lines of mstsc and xfreerdp: their options, rewritten to this program's.
//!
//! Only what begins as theirs do is touched: `/word`, and `+word` or `-word` for what xfreerdp switches on and off. What changes
//! the connection and cannot be done here is refused, never left out; what only changes a session is left out, since no session
//! begins.
use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory as _;

use rdp_probe::{ClientName, Secret};

use crate::options::Options;
use crate::pasted::Pasted;
use crate::quote::short;
use crate::words::is_rdp_file;

/// The arguments as this program spells them.
#[derive(Debug, Default)]
pub(crate) struct Spelt {
    pub(crate) args: Vec<OsString>,
    /// What to warn of.
    pub(crate) notes: Vec<String>,
    /// Whose credentials they name.
    pub(crate) pasted: Pasted,
}

/// What the options so far have named.
#[derive(Default)]
struct Named {
    host: Option<String>,
    port: Option<u16>,
    notes: Vec<String>,
    pasted: Pasted,
}

const PASSWORD_SEEN: &str = "everybody on this computer can read the password of /p on its command line: --password-file, \
                             --password-stdin and RDP_PASSWORD hide it";

/// What only changes a session, or how it is shown.
const SESSION_ONLY: &[&str] = &[
    // mstsc, and both.
    "admin",
    "console",
    "f",
    "h",
    "multimon",
    "prompt",
    "public",
    "span",
    "w",
    // xfreerdp: window and display.
    "aero",
    "bpp",
    "decorations",
    "disp",
    "dynamic-resolution",
    "floatbar",
    "fonts",
    "geometry",
    "grab-keyboard",
    "grab-mouse",
    "kiosk",
    "menu-anims",
    "monitor-list",
    "monitors",
    "mouse",
    "mouse-motion",
    "mouse-relative",
    "orientation",
    "parent-window",
    "scale",
    "scale-desktop",
    "scale-device",
    "size",
    "smart-sizing",
    "suppress-output",
    "t",
    "themes",
    "title",
    "toggle-fullscreen",
    "unmap-buttons",
    "wallpaper",
    "window-drag",
    "window-position",
    "wm-class",
    "workarea",
    // Graphics, input and caches.
    "async-channels",
    "async-input",
    "async-update",
    "bitmap-cache",
    "cache",
    "codec-cache",
    "compression",
    "compression-level",
    "fast-path",
    "frame-ack",
    "gdi",
    "gfx",
    "gfx-h264",
    "gfx-progressive",
    "gfx-small-cache",
    "gfx-thin-client",
    "glyph-cache",
    "jpeg",
    "jpeg-quality",
    "kbd",
    "kbd-fn-key",
    "kbd-lang",
    "kbd-layout",
    "kbd-list",
    "kbd-remap",
    "kbd-subtype",
    "kbd-type",
    "kbd-unicode",
    "nsc",
    "offscreen-cache",
    "persist-cache",
    "play-rfx",
    "rfx",
    "rfx-mode",
    "video",
    "z",
    // Channels.
    "a",
    "addin",
    "audio-mode",
    "camera",
    "client-build-number",
    "clipboard",
    "drive",
    "drives",
    "dvc",
    "echo",
    "home-drive",
    "mic",
    "microphone",
    "multimedia",
    "multitouch",
    "network",
    "parallel",
    "printer",
    "rdp2tcp",
    "serial",
    "smartcard",
    "sound",
    "ssh-agent",
    "tsmf",
    "usb",
    "vc",
    // Programs, reconnection, logs.
    "app",
    "app-cmd",
    "app-file",
    "app-guid",
    "app-icon",
    "app-name",
    "app-workdir",
    "auto-reconnect",
    "auto-reconnect-max-retries",
    "auto-request-control",
    "heartbeat",
    "log-filters",
    "log-level",
    "multitransport",
    "old-license",
    "prevent-session-lock",
    "print-reconnect-cookie",
    "shell",
    "shell-dir",
];

/// What is about credentials or a gateway, and is not read in these spellings.
const NOT_BUILT: &[&str] = &[
    "from-stdin",
    "g",
    "gat",
    "gateway",
    "gateway-usage-method",
    "gd",
    "gp",
    "gt",
    "gu",
    "kerberos",
    "pass",
    "password",
    "pcid",
    "pth",
    "pass-the-hash",
    "proxy",
    "remoteguard",
    "remote-guard",
    "shadow",
    "smartcard-logon",
    "vmconnect",
];

/// Rewrites what is spelt as mstsc or xfreerdp do.
pub(crate) fn rewrite(args: Vec<OsString>) -> Result<Spelt, String> {
    let command = Options::command();
    let verb = |word: &str| command.get_subcommands().any(|verb| verb.get_name() == word);
    let takes_value = |word: &str| {
        command.get_arguments().filter(|argument| argument.get_action().takes_values()).any(|argument| {
            let long = |name: &str| word.strip_prefix("--") == Some(name);
            argument.get_long().is_some_and(long)
                || argument.get_all_aliases().is_some_and(|names| names.into_iter().any(long))
                || argument.get_short().is_some_and(|short| word == format!("-{short}"))
        })
    };
    let mut spelt = Spelt::default();
    let mut named = Named::default();
    let mut files = false;
    let mut args = args.into_iter().peekable();
    spelt.args.extend(args.next());
    // Verbs have spellings of their own.
    if args.peek().and_then(|first| first.to_str()).is_some_and(verb) {
        spelt.args.extend(args);
        return Ok(spelt);
    }
    while let Some(argument) = args.next() {
        let Some(word) = argument.to_str() else {
            files |= is_rdp_file(&argument);
            spelt.args.push(argument);
            continue;
        };
        if word == "--" {
            spelt.args.push(argument);
            break;
        }
        if takes_value(word) {
            spelt.args.push(argument);
            spelt.args.extend(args.next());
            continue;
        }
        // mstsc takes the computer's name as an argument of its own, too.
        if word.eq_ignore_ascii_case("/v")
            && let Some(host) =
                args.next_if(|next| next.to_str().is_some_and(|next| !next.starts_with(['/', '-', '+'])))
        {
            named.host(host.to_str().unwrap_or_default())?;
            continue;
        }
        files |= is_rdp_file(word);
        match named.option(word)? {
            Some(options) => spelt.args.extend(options.into_iter().map(OsString::from)),
            None => spelt.args.push(argument),
        }
    }
    if named.host.is_some() && files {
        return Err("/v: and an .rdp file together: which of them is meant? give one".into());
    }
    let rest: Vec<OsString> = args.collect();
    if let Some(target) = named.target()? {
        if rest.is_empty() && spelt.args.last().is_none_or(|last| last != "--") {
            spelt.args.push("--".into());
        }
        spelt.args.push(target.into());
    }
    spelt.args.extend(rest);
    (spelt.notes, spelt.pasted) = (named.notes, named.pasted);
    Ok(spelt)
}

impl Named {
    /// What takes the place of this argument; `None` when it is not one of theirs.
    fn option(&mut self, argument: &str) -> Result<Option<Vec<String>>, String> {
        let Some(sign) = argument.chars().next().filter(|sign| matches!(sign, '/' | '+' | '-')) else {
            return Ok(None);
        };
        let body = argument.get(1..).unwrap_or_default();
        // A value may be a secret: only the word stands in a message.
        let word_end = body.find([':', '=']).unwrap_or(body.len());
        let (word, value) = body.split_at_checked(word_end).unwrap_or((body, ""));
        let value = value.get(1..);
        let word = word.to_ascii_lowercase();
        let session_only = SESSION_ONLY.contains(&word.as_str());
        if sign == '-' {
            // A single letter is an option of this program, and may have its value behind it: what is no switch there is none here. All
            // but those that change a session are for it to refuse.
            let is_value = ["usb", "drive", "drives", "disp", "dvc"].contains(&word.as_str());
            return Ok((session_only && word.len() > 1 && !is_value).then(Vec::new));
        }
        if session_only {
            return Ok(Some(Vec::new()));
        }
        if NOT_BUILT.contains(&word.as_str()) {
            let hint = if matches!(word.as_str(), "g" | "gateway") { ": write -g HOST[:PORT]" } else { "" };
            return Err(format!("{sign}{word} is not in this version{hint}"));
        }
        let needs = |what: &str| format!("{sign}{word}: expected {sign}{word}:{what}");
        let given = |what: &str| value.filter(|value| !value.is_empty()).ok_or_else(|| needs(what));
        Ok(Some(match word.as_str() {
            "v" => {
                self.host(given("HOST[:PORT]")?)?;
                Vec::new()
            }
            "port" => {
                let port = given("NUMBER")?.parse().ok().filter(|port| *port != 0);
                self.port = Some(port.ok_or_else(|| needs("NUMBER, from 1 to 65535"))?);
                Vec::new()
            }
            "u" => {
                once(&mut self.pasted.user, given("USER")?.to_owned(), "/u")?;
                Vec::new()
            }
            // Without a value it says that there is none.
            "d" => {
                let domain = value.unwrap_or_default();
                if !domain.is_empty() {
                    once(&mut self.pasted.domain, domain.to_owned(), "/d")?;
                }
                Vec::new()
            }
            "p" => {
                once(&mut self.pasted.password, Secret::new(given("PASSWORD")?.to_owned()), "/p")?;
                self.notes.push(PASSWORD_SEEN.to_owned());
                Vec::new()
            }
            "sec" => vec![format!("--security={}", security(given("rdp, tls, nla, ext or aad")?)?)],
            "cert" => self.certificate(given("ignore, tofu, deny, name:NAME or fingerprint:sha256:HEX")?)?,
            "cert-ignore" => {
                self.pasted.accept_certificate = true;
                Vec::new()
            }
            "cert-tofu" | "cert-deny" => Vec::new(),
            "cert-name" => vec![format!("--server-name={}", given("NAME")?)],
            "timeout" => {
                let limit = given("MILLISECONDS")?;
                let digits = limit.bytes().all(|octet| octet.is_ascii_digit());
                if !digits {
                    return Err(needs("MILLISECONDS"));
                }
                vec![format!("--timeout={limit}ms")]
            }
            // What is longer is cut there, too.
            "client-hostname" => {
                let mut name = given("NAME")?;
                while name.encode_utf16().count() > ClientName::MOST {
                    let end = name.char_indices().next_back().map_or(0, |(last, _)| last);
                    name = name.get(..end).unwrap_or_default();
                }
                vec![format!("--client-name={name}")]
            }
            "ipv4" | "4" => vec!["-4".into()],
            "ipv6" | "6" => vec!["-6".into()],
            "load-balance-info" => vec![format!("--load-balance-info={}", given("TOKEN")?)],
            "pcb" => vec![format!("--pcb={}", given("TEXT")?)],
            "auth-only" => vec!["--until=credssp".into()],
            "restricted-admin" | "restrictedadmin" => vec!["--restricted-admin".into()],
            // The probe negotiates unless one protocol is asked for.
            "nego" if value.is_none() => Vec::new(),
            _ if sign == '/' && (is_rdp_file(argument) || Path::new(argument).exists()) => return Ok(None),
            _ => {
                return Err(format!(
                    "{sign}{} is not an option of mstsc or xfreerdp that this program knows, and not a file",
                    short(&word)
                ));
            }
        }))
    }

    fn host(&mut self, host: &str) -> Result<(), String> {
        if host.starts_with(['-', '@']) {
            return Err("/v: expected /v:HOST[:PORT]".into());
        }
        match self.host.replace(host.to_owned()) {
            None => Ok(()),
            Some(_) => Err("two /v: which of them is meant? give one, or both as host[:port]".into()),
        }
    }

    /// `/cert`: certificates are reported here, unless a name or a fingerprint says which it has to be. Of a logon, `ignore` says that it
    /// may go to whoever it is; `tofu` and `deny` say what holds without them.
    fn certificate(&mut self, value: &str) -> Result<Vec<String>, String> {
        let mut options = Vec::new();
        for part in value.split(',') {
            let (what, rest) = part.split_once(':').unwrap_or((part, ""));
            match (what.to_ascii_lowercase().as_str(), rest) {
                ("ignore", "") => self.pasted.accept_certificate = true,
                ("tofu" | "deny", "") => {}
                ("name", name) if !name.is_empty() => options.push(format!("--server-name={name}")),
                ("fingerprint", hash) if hash.to_ascii_lowercase().starts_with("sha256:") => {
                    options.push(format!("--pin={}", hash.get(7..).unwrap_or_default()));
                }
                _ => {
                    return Err(
                        "/cert: expected ignore, tofu, deny, name:NAME or fingerprint:sha256:HEX".into()
                    );
                }
            }
        }
        Ok(options)
    }

    /// The target that `/v` and `/port` make together.
    fn target(&mut self) -> Result<Option<String>, String> {
        let Some(port) = self.port else { return Ok(self.host.take()) };
        let Some(host) = self.host.take() else {
            return Err("/port: there is no /v:HOST that it belongs to".into());
        };
        let has_port = match host.rsplit_once(']') {
            Some((_, after)) => !after.is_empty(),
            None => host.matches(':').count() == 1,
        };
        if has_port {
            return Err(format!("/port: /v:{} has a port already", short(&host)));
        }
        let bare = host.contains(':') && !host.starts_with('[');
        Ok(Some(if bare { format!("[{host}]:{port}") } else { format!("{host}:{port}") }))
    }
}

/// `/sec`: one protocol. xfreerdp 3 also switches each on and off, which has no equivalent here.
fn security(value: &str) -> Result<&'static str, String> {
    let value = value.to_ascii_lowercase();
    Ok(match value.strip_suffix(":on").unwrap_or(&value) {
        "rdp" => "rdp",
        "tls" => "tls",
        "nla" => "nla",
        "ext" => "nla-ext",
        "aad" => "aad",
        _ => {
            return Err(
                "/sec: expected one of rdp, tls, nla, ext, aad; single protocols cannot be switched off here"
                    .into(),
            );
        }
    })
}

/// What may stand but once.
fn once<T>(place: &mut Option<T>, value: T, option: &str) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("two {option}: which of them is meant? give one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> Result<String, String> {
        let args = std::iter::once("rdp-probe").chain(line.split_ascii_whitespace()).map(OsString::from);
        let spelt = rewrite(args.collect())?;
        let words: Vec<&str> = spelt.args.iter().skip(1).map(|word| word.to_str().unwrap()).collect();
        Ok(words.join(" "))
    }

    #[test]
    fn command_lines_of_other_clients_are_rewritten() {
        for (theirs, ours) in [
            ("/v:srv1", "-- srv1"),
            ("/V:srv1:3390 /f", "-- srv1:3390"),
            ("/v srv1 /w:1024 /h:768 /admin /multimon", "-- srv1"),
            ("/v:srv1 /port:3390", "-- srv1:3390"),
            ("/v:2001:db8::7 /port:3390", "-- [2001:db8::7]:3390"),
            ("/v:[2001:db8::7] /port:3390", "-- [2001:db8::7]:3390"),
            ("/sec:nla /v:srv1 -o json", "--security=nla -o json -- srv1"),
            ("/sec:ext", "--security=nla-ext"),
            ("/sec:TLS:on", "--security=tls"),
            ("/u:LAB\\me /d:LAB /v:srv1 +clipboard -wallpaper", "-- srv1"),
            ("/cert:ignore /cert-ignore /timeout:10000", "--timeout=10000ms"),
            ("/cert:name:srv1,fingerprint:sha256:AB:CD", "--server-name=srv1 --pin=AB:CD"),
            (
                "/ipv4 /load-balance-info:tsv://x /pcb:vm +auth-only",
                "-4 --load-balance-info=tsv://x --pcb=vm --until=credssp",
            ),
            ("/client-hostname:sixteen-letters-and-more", "--client-name=sixteen-letters"),
            ("work.rdp /f", "work.rdp"),
        ] {
            assert_eq!(rewritten(theirs).as_deref(), Ok(ours), "{theirs}");
        }
    }

    #[test]
    fn options_of_this_program_and_their_values_stay() {
        for line in [
            "srv1 --ca /v --keylog /nonexistent/f -o json",
            "--load-balance-info /f srv1",
            "srv1 -vv -4 --until=tls",
            "explain /f",
            "-- /v:srv1",
            "-usb -dvc srv1",
            "/dev/null",
            "/nonexistent/work.rdp",
            "-f -h -q --all-addresses",
        ] {
            assert_eq!(rewritten(line).as_deref(), Ok(line));
        }
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_without_its_value() {
        for (line, part) in [
            ("/v:srv1 /p:hunter2 /p:hunter2", "two /p"),
            ("/v:srv1 /u:hunter2 /u:me", "two /u"),
            ("/v:srv1 /u:", "/u: expected /u:USER"),
            ("/v:srv1 /password:hunter2", "/password is not in this version"),
            ("/v:srv1 /gp:hunter2", "/gp is not in this version"),
            ("/v:srv1 /g:gw1", "/g is not in this version"),
            ("/gateway:g:gw1,p:hunter2", "/gateway is not in this version"),
            ("/remoteGuard", "/remoteguard is not in this version"),
            ("/vmconnect:hunter2", "/vmconnect is not in this version"),
            ("/frobnicate:hunter2", "/frobnicate is not an option"),
            ("+frobnicate", "+frobnicate is not an option"),
            ("/sec:tls:off", "/sec: expected one of"),
            ("/cert:fingerprint:sha1:hunter2", "/cert: expected"),
            ("/v", "/v: expected /v:HOST"),
            ("/v:@list", "/v: expected /v:HOST"),
            ("/v:a /v:b", "two /v"),
            ("/port:3390", "no /v:HOST"),
            ("/v:a:1 /port:2", "has a port already"),
            ("/v:a /port:x", "from 1 to 65535"),
            ("/timeout:soon", "/timeout:MILLISECONDS"),
            ("work.rdp /v:srv1", "together"),
        ] {
            let message = rewritten(line).unwrap_err();
            assert!(message.contains(part) && !message.contains("hunter2"), "{line}: {message}");
        }
    }

    #[test]
    fn an_account_is_taken_from_the_line_and_a_password_is_warned_of() {
        let spelt = |line: &str| {
            let args = std::iter::once("rdp-probe").chain(line.split(' ')).map(OsString::from);
            rewrite(args.collect()).unwrap()
        };
        let whole = spelt("/u:LAB\\me /d:LAB /p:a:b=c /cert:ignore /v:srv1");
        let Pasted { user, domain, password, accept_certificate } = whole.pasted;
        assert_eq!((user.as_deref(), domain.as_deref()), (Some("LAB\\me"), Some("LAB")));
        assert_eq!((password.unwrap().expose().as_str(), accept_certificate), ("a:b=c", true));
        assert_eq!(whole.notes, [PASSWORD_SEEN]);
        let little = spelt("/u:me /d: /cert:deny /v:srv1");
        assert!(little.pasted.domain.is_none() && !little.pasted.accept_certificate);
        assert_eq!(little.notes, [""; 0]);
        assert!(spelt("/cert-ignore /v:srv1").pasted.accept_certificate);
    }
}
