//! The keys that are known, in one table: the reader, what is warned of, and docs/rdp-files.md have them from here.

/// What a key means to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RdpFileKeyUse {
    /// It is followed.
    Followed,
    /// A client does something by it that a probe does not, which the report says.
    Said,
    /// A secret that is not used, which is warned of.
    Secret,
    /// It changes nothing until there is a session.
    Nothing,
}

/// A key of .rdp files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RdpFileKey {
    /// Its name, in lower case.
    pub name: &'static str,
    /// The type of its values: `s`, `i` or `b`.
    pub kind: char,
    /// What it means here.
    pub used: RdpFileKeyUse,
    /// The same in one clause, which is Markdown.
    pub clause: &'static str,
}

impl RdpFileKey {
    /// All that are known, by their names.
    pub const ALL: &'static [Self] = KNOWN;
}

/// The key of this name, in lower case.
pub(super) fn find(name: &str) -> Option<&'static RdpFileKey> {
    let index = KNOWN.binary_search_by(|key| key.name.cmp(name)).ok()?;
    KNOWN.get(index)
}

const SIZE: &str = "how large the session is, and on which monitors";
const LOOK: &str = "how a session looks, and what is saved for a slow line";
const DEVICES: &str = "which sound, keys and devices a session gets";
const STARTED: &str =
    "what is started in a session, also of a RemoteApp: the way to the session host is the same";
const WHICH: &str = "which session of the host a client gets, and how it comes back to it";
const OWN: &str = "what the client itself shows, asks and keeps";
const AZURE: &str = "how a client talks to Azure Virtual Desktop and to Entra";

const fn followed(name: &'static str, kind: char, clause: &'static str) -> RdpFileKey {
    RdpFileKey { name, kind, used: RdpFileKeyUse::Followed, clause }
}

const fn said(name: &'static str, kind: char, clause: &'static str) -> RdpFileKey {
    RdpFileKey { name, kind, used: RdpFileKeyUse::Said, clause }
}

const fn secret(name: &'static str, kind: char, clause: &'static str) -> RdpFileKey {
    RdpFileKey { name, kind, used: RdpFileKeyUse::Secret, clause }
}

const fn nothing(name: &'static str, kind: char, clause: &'static str) -> RdpFileKey {
    RdpFileKey { name, kind, used: RdpFileKeyUse::Nothing, clause }
}

/// What Microsoft documents, Windows, the Windows App, FreeRDP and IronRDP read or write, and consoles of clouds put into their files.
#[rustfmt::skip]
const KNOWN: &[RdpFileKey] = &[
    nothing("aadtenantid", 's', AZURE),
    nothing("activityhint", 's', OWN),
    nothing("administrative session", 'i', WHICH),
    nothing("allow desktop composition", 'i', LOOK),
    nothing("allow font smoothing", 'i', LOOK),
    nothing("allowed security protocols", 's', AZURE),
    nothing("allowrelativemousemode", 'i', DEVICES),
    followed("alternate full address", 's', "the host to connect to in its place; TLS then asks for the name in `full address`"),
    nothing("alternate shell", 's', STARTED),
    said("armpath", 's', "as `resourceprovider:s:arm`"),
    nothing("audiocapturemode", 'i', DEVICES),
    nothing("audiomode", 'i', DEVICES),
    nothing("audioqualitymode", 'i', DEVICES),
    followed("authentication level", 'i',
        "1: a client with this file refuses a certificate that is not trusted or not for the name, which finding \
         `file-refuses-certificate` says then; the exit code does not change"),
    nothing("authoring tool", 's', OWN),
    nothing("auto connect", 'i', OWN),
    nothing("autoreconnect max retries", 'i', WHICH),
    nothing("autoreconnection enabled", 'i', WHICH),
    nothing("bandwidthautodetect", 'i', LOOK),
    nothing("bitmapcachepersistenable", 'i', LOOK),
    nothing("bitmapcachesize", 'i', LOOK),
    nothing("bookmarktype", 'i', OWN),
    nothing("camerastoredirect", 's', DEVICES),
    secret("cleartextpassword", 's', "as `password`"),
    nothing("clientrejectinjectedinput", 'i', DEVICES),
    nothing("compression", 'i', LOOK),
    nothing("connect to console", 'i', WHICH),
    nothing("connection type", 'i', LOOK),
    nothing("desktop size id", 'i', SIZE),
    nothing("desktopheight", 'i', SIZE),
    nothing("desktopscalefactor", 'i', SIZE),
    nothing("desktopwidth", 'i', SIZE),
    nothing("devicestoredirect", 's', DEVICES),
    nothing("diagnosticserviceurl", 's', AZURE),
    nothing("disable ctrl+alt+del", 'i', DEVICES),
    nothing("disable cursor setting", 'i', LOOK),
    nothing("disable cursor settings", 'i', LOOK),
    nothing("disable full window drag", 'i', LOOK),
    nothing("disable menu anims", 'i', LOOK),
    nothing("disable themes", 'i', LOOK),
    nothing("disable wallpaper", 'i', LOOK),
    nothing("disableclipboardredirection", 'i', DEVICES),
    nothing("disableconnectionsharing", 'i', WHICH),
    nothing("disableprinterredirection", 'i', DEVICES),
    nothing("disableremoteappcapscheck", 'i', STARTED),
    nothing("displayconnectionbar", 'i', OWN),
    followed("domain", 's', "with `username` and a password, as `--domain`"),
    nothing("drivestoredirect", 's', DEVICES),
    nothing("dynamic resolution", 'i', SIZE),
    followed("enablecredsspsupport", 'i', "0: as `--security tls`, since the client offers no CredSSP"),
    followed("enablerdsaadauth", 'i', "1: as `--security aad`"),
    nothing("enablesuperpan", 'i', SIZE),
    nothing("enableworkspacereconnect", 'i', WHICH),
    nothing("encode redirected video capture", 'i', DEVICES),
    nothing("eventloguploadaddress", 's', OWN),
    nothing("forcehidpioptimizations", 'i', SIZE),
    followed("full address", 's', "the host, with or without a port"),
    followed("gatewayaccesstoken", 's', "as the token of `--gateway-token`; never shown"),
    nothing("gatewaybrokeringtype", 'i', AZURE),
    nothing("gatewaycertificatelogonauthority", 's', AZURE),
    followed("gatewaycredentialssource", 'i',
        "1: a client logs on at the gateway by smart card, which is not followed and stands in the report; the other numbers say \
         where a client takes a password or a token from"),
    followed("gatewayhostname", 's', "the gateway, with or without a port, as `--gateway`, where `gatewayusagemethod` says that it is used"),
    secret("gatewaypassword", 's', "as `password`"),
    nothing("gatewayprofileusagemethod", 'i',
        "0: on Windows an administrator's policy may name another gateway, which nobody knows here; the file's is taken"),
    followed("gatewayusagemethod", 'i',
        "1 and 3: through the gateway; 2: directly, and through the gateway where no direct connection is made within 2 s; 0, 4 and none: \
        directly"),
    followed("gatewayusername", 's',
        "as `--gateway-user`, where a password is given: `--gateway-password-file`, `--gateway-password-stdin` or `RDG_PASSWORD`"),
    nothing("geo", 's', AZURE),
    said("hubdiscoverygeourl", 's', "`feed`: where a client asks Azure Virtual Desktop which machines there are"),
    said("kdcproxyname", 's', "`kdc_proxy`: a client fetches its Kerberos tickets there"),
    said("kdcproxyurl", 's', "`kdc_proxy`: as `kdcproxyname`"),
    nothing("keyboardhook", 'i', DEVICES),
    followed("loadbalanceinfo", 's', "the routing token, as `--routing-token`"),
    nothing("maximizetocurrentdisplays", 'i', SIZE),
    nothing("maxmonitors", 'i', SIZE),
    said("negotiate security layer", 'i',
        "0 with `enablecredsspsupport:i:0`: `no_negotiation`: such a client begins with TLS at once, and the probe negotiates. \
         With CredSSP the key means nothing, and nothing is said"),
    nothing("networkautodetect", 'i', LOOK),
    secret("password", 's', "not used, which one line on standard error says: in a file everybody who has the file can read it"),
    secret("password 51", 'b', "not used, which one line on standard error says: it is encrypted for whoever saved the file"),
    followed("pcb", 's', "the pre-connection blob, as `--pcb`"),
    nothing("pinconnectionbar", 'i', OWN),
    nothing("prompt for credentials", 'i', OWN),
    nothing("prompt for credentials on client", 'i', OWN),
    followed("promptcredentialonce", 'i', "1: what logs on to the target logs on at the gateway, where nothing else is given for the gateway"),
    nothing("public mode", 'i', OWN),
    said("rdgiskdcproxy", 'i', "1: `kdc_proxy`: a client fetches its Kerberos tickets by way of the gateway"),
    nothing("redirectclipboard", 'i', DEVICES),
    nothing("redirectcomports", 'i', DEVICES),
    nothing("redirectdirectx", 'i', DEVICES),
    nothing("redirectdrives", 'i', DEVICES),
    nothing("redirected video capture encoding quality", 'i', DEVICES),
    nothing("redirectlocation", 'i', DEVICES),
    nothing("redirectposdevices", 'i', DEVICES),
    nothing("redirectprinters", 'i', DEVICES),
    nothing("redirectsmartcards", 'i', DEVICES),
    nothing("redirectwebauthn", 'i', DEVICES),
    nothing("remoteapplicationappid", 's', STARTED),
    nothing("remoteapplicationcmdline", 's', STARTED),
    nothing("remoteapplicationexpandcmdline", 'i', STARTED),
    nothing("remoteapplicationexpandworkingdir", 'i', STARTED),
    nothing("remoteapplicationfile", 's', STARTED),
    nothing("remoteapplicationfileextensions", 's', STARTED),
    nothing("remoteapplicationguid", 's', STARTED),
    nothing("remoteapplicationicon", 's', STARTED),
    nothing("remoteapplicationmode", 'i', STARTED),
    nothing("remoteapplicationname", 's', STARTED),
    nothing("remoteapplicationprogram", 's', STARTED),
    nothing("remoteappmousemoveinject", 'i', DEVICES),
    nothing("remotedesktopname", 's', OWN),
    said("resourceprovider", 's',
        "`arm`: `broker`: Azure Virtual Desktop gives clients a machine; a gateway in such a file is one of its own and not \
         followed either"),
    nothing("screen capture protection", 'i', LOOK),
    nothing("screen mode id", 'i', SIZE),
    nothing("selectedmonitors", 's', SIZE),
    followed("server port", 'i', "the port, where the address has none (that of `alternate full address` comes first, then that of `full address`)"),
    nothing("session bpp", 'i', SIZE),
    nothing("shell working directory", 's', STARTED),
    nothing("signature", 's', OWN),
    nothing("signscope", 's', OWN),
    nothing("singlemoninwindowedmode", 'i', SIZE),
    nothing("smart sizing", 'i', SIZE),
    nothing("smartrawprinters", 's', DEVICES),
    nothing("smartsizing", 'i', SIZE),
    nothing("span monitors", 'i', SIZE),
    nothing("superpanaccelerationfactor", 'i', SIZE),
    nothing("targetisaadjoined", 'i', AZURE),
    nothing("usbdevicestoredirect", 's', DEVICES),
    nothing("use multimon", 'i', SIZE),
    nothing("use redirection server name", 'i', WHICH),
    followed("username", 's',
        "without its domain and cut at nine characters, as mstsc sends it, the cookie of the first request, as `--cookie`, where \
         there is no routing token and it is ASCII; `--no-cookie` leaves it out. Where a password is given (`--password-file`, \
         `--password-stdin` or `RDP_PASSWORD`), it is `--user`, too; nobody is asked for one"),
    nothing("videoplaybackmode", 'i', LOOK),
    nothing("watermarkingheightfactor", 'i', LOOK),
    nothing("watermarkingopacity", 'i', LOOK),
    nothing("watermarkingquality", 'i', LOOK),
    nothing("watermarkingwidthfactor", 'i', LOOK),
    nothing("winposstr", 's', SIZE),
    nothing("workspace id", 's', OWN),
    nothing("workspaceid", 's', OWN),
    said("wvd endpoint pool", 's', "as `resourceprovider:s:arm`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_sorted_and_in_lower_case() {
        assert!(KNOWN.is_sorted_by(|one, other| one.name < other.name));
        for RdpFileKey { name, kind, clause, .. } in KNOWN {
            assert!(**name == name.to_ascii_lowercase() && name.trim() == *name, "{name}");
            assert!(['s', 'i', 'b'].contains(kind) && !clause.is_empty() && !clause.contains('|'), "{name}");
            assert_eq!(find(name).map(|key| key.name), Some(*name));
        }
        assert_eq!(find("Full Address"), None);
    }
}
