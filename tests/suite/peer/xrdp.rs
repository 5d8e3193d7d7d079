//! xrdp: Standard RDP Security and TLS, never NLA. Debian 12 has 0.9.21.

use super::{Peer, process, scratch::Scratch};
use crate::namespaces;
use rdp_probe_testkit::certificate::Kind;
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What Debian ships; the tests change a few keys of it and leave the rest.
const DEBIAN_INI: &str = "/etc/xrdp/xrdp.ini";

/// Run without root's rights: a `/run` and a key file of its own, in name spaces that nobody else sees.
/// `$1` is the key file that takes the place of the one that only root may read, the rest is the command.
const IN_NAMESPACES: &str =
    "set -e; mount -t tmpfs tmpfs /run; mount --bind \"$1\" /etc/xrdp/rsakeys.ini; shift; exec \"$@\"";

/// `security_layer`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SecurityLayer {
    /// TLS only.
    Tls,
    /// TLS for those who ask for it, else Standard RDP Security.
    Negotiate,
    /// Standard RDP Security only.
    Rdp,
}

/// `crypt_level`: how Standard RDP Security encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CryptLevel {
    /// Not at all.
    None,
    /// 40 bits, and only what the client sends.
    Low,
    /// 40 or 56 bits, by xrdp's idea of it.
    Medium,
    /// 128 bits.
    High,
    /// Triple DES.
    Fips,
}

impl CryptLevel {
    /// As the file has it.
    const fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Fips => "fips",
        }
    }
}

/// `certificate` and `key_file`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Certificate {
    /// A self-signed one, made for this server.
    SelfSigned,
    /// Both keys name files that do not exist.
    Missing,
    /// One that expired years ago.
    Expired,
    /// Signed with SHA-1.
    Sha1,
    /// With an RSA key of 1024 bits.
    Small,
    /// With a key on the curve P-256.
    P256,
    /// The key file holds another key.
    OtherKey,
    /// The file holds no certificate.
    Garbage,
}

/// `ssl_protocols` and `tls_ciphers`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tls {
    /// The versions, as xrdp names them.
    pub(crate) protocols: &'static str,
    /// The suites, as OpenSSL names them; Debian's default when there are none.
    pub(crate) ciphers: Option<&'static str>,
}

impl Tls {
    /// As Debian has it.
    pub(crate) const DEFAULT: Self = Self { protocols: "TLSv1.2, TLSv1.3", ciphers: None };
}

/// Starts it.
pub(crate) fn start(layer: SecurityLayer, certificate: Certificate) -> Peer {
    start_with(layer, certificate, Tls::DEFAULT)
}

/// Starts it with Standard RDP Security of this level.
pub(crate) fn start_standard(level: CryptLevel) -> Peer {
    start_as(SecurityLayer::Rdp, level, Certificate::SelfSigned, Tls::DEFAULT)
}

/// Starts it with other versions and suites.
pub(crate) fn start_with(layer: SecurityLayer, certificate: Certificate, tls: Tls) -> Peer {
    start_as(layer, CryptLevel::High, certificate, tls)
}

fn start_as(layer: SecurityLayer, level: CryptLevel, certificate: Certificate, tls: Tls) -> Peer {
    let scratch = Scratch::new();
    let (certificate, key) = match certificate {
        Certificate::SelfSigned => scratch.certificate(),
        Certificate::Missing => (scratch.path("no-certificate.pem"), scratch.path("no-key.pem")),
        Certificate::Expired => scratch.certificate_of(Kind::Expired),
        Certificate::Sha1 => scratch.certificate_with(&["-newkey", "rsa:2048", "-sha1"]),
        Certificate::Small => scratch.certificate_with(&["-newkey", "rsa:1024", "-sha256"]),
        Certificate::P256 => {
            scratch.certificate_with(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha256"])
        }
        Certificate::OtherKey => {
            let (certificate, _) = scratch.certificate();
            let own = scratch.path("own.pem");
            fs::rename(certificate, &own).unwrap_or_else(|error| panic!("{}: {error}", own.display()));
            let (_, other) = scratch.certificate();
            (own, other)
        }
        Certificate::Garbage => {
            let (_, key) = scratch.certificate();
            (scratch.write("certificate.pem", "no certificate\n"), key)
        }
    };
    let ini = scratch.path("xrdp.ini");
    let log = scratch.path("xrdp-own.log");
    let rsa_keys = (!is_root()).then(|| rsa_keys(&scratch));
    Peer::start("xrdp", scratch, Vec::new(), |address| {
        write_ini(&ini, address, (layer, level), tls, (&certificate, &key), &log);
        command(&ini, rsa_keys.as_deref())
    })
}

fn command(ini: &Path, rsa_keys: Option<&Path>) -> Command {
    let mut command = rsa_keys.map_or_else(|| process::command("xrdp"), in_namespaces);
    // `sbin` is not on everybody's path.
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.arg("--nodaemon").arg("-c").arg(ini);
    command
}

/// Starts one that was stopped once more, as it was.
pub(crate) fn start_again(peer: &mut Peer) {
    let rsa_keys = (!is_root()).then(|| peer.scratch.path("rsakeys.ini"));
    let command = command(&peer.scratch.path("xrdp.ini"), rsa_keys.as_deref());
    peer.start_again(command);
}

/// Debian's file with our values: a `#` stands where Debian leaves the key to its default. It logs to standard
/// output, not to syslog.
fn write_ini(
    path: &Path,
    address: SocketAddr,
    (layer, level): (SecurityLayer, CryptLevel),
    tls: Tls,
    (certificate, key): (&Path, &Path),
    log: &Path,
) {
    let layer = match layer {
        SecurityLayer::Tls => "tls",
        SecurityLayer::Negotiate => "negotiate",
        SecurityLayer::Rdp => "rdp",
    };
    let mut ours = vec![
        ("[Globals]", "port", format!("tcp://{address}")),
        ("[Globals]", "security_layer", layer.to_owned()),
        ("[Globals]", "crypt_level", level.id().to_owned()),
        ("[Globals]", "certificate", certificate.display().to_string()),
        ("[Globals]", "key_file", key.display().to_string()),
        ("[Globals]", "ssl_protocols", tls.protocols.to_owned()),
        ("[Logging]", "LogFile", log.display().to_string()),
        ("[Logging]", "EnableSyslog", "false".to_owned()),
        ("[Logging]", "#EnableConsole", "true".to_owned()),
    ];
    ours.extend(tls.ciphers.map(|ciphers| ("[Globals]", "#tls_ciphers", ciphers.to_owned())));
    let debian = fs::read_to_string(DEBIAN_INI)
        .unwrap_or_else(|error| panic!("{DEBIAN_INI}: {error} (tests/run installs what is missing)"));
    let (mut section, mut text, mut changed) = ("", String::new(), 0_usize);
    for line in debian.lines() {
        if line.starts_with('[') {
            section = line.trim_end();
        }
        let key = line.split_once('=').map(|(key, _)| key.trim());
        if let Some((_, key, value)) = ours.iter().find(|ours| ours.0 == section && Some(ours.1) == key) {
            text.push_str(&format!("{}={value}\n", key.trim_start_matches('#')));
            changed += 1;
        } else {
            text.push_str(&format!("{line}\n"));
        }
    }
    assert_eq!(changed, ours.len(), "{DEBIAN_INI} has each of these keys once: {ours:?}");
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The keys of Standard RDP Security: Debian's own are readable for root only.
fn rsa_keys(scratch: &Scratch) -> PathBuf {
    let path = scratch.path("rsakeys.ini");
    super::scratch::run(Command::new("xrdp-keygen").arg("xrdp").arg(&path));
    path
}

/// xrdp insists on making folders in `/run`: without root's rights that takes name spaces of its own.
fn in_namespaces(rsa_keys: &Path) -> Command {
    let mut command = namespaces::unshare(&["--mount"]);
    command.args(["sh", "-c", IN_NAMESPACES, "sh"]).arg(rsa_keys);
    command.args(["setpriv", "--pdeathsig", "TERM", "--", "xrdp"]);
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
