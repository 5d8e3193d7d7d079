use proptest::prelude::*;

use super::*;
use crate::builder::Probe;

fn file(text: &str) -> RdpFile {
    RdpFile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn fault(text: &str) -> String {
    RdpFile::parse(text.as_bytes()).unwrap_err().to_string()
}

fn warnings(text: &str) -> Vec<String> {
    file(text).warnings.iter().map(ToString::to_string).collect()
}

/// What a Windows client saves when nothing but the computer's name was typed.
const SAVED: &str = "screen mode id:i:2\r\nuse multimon:i:0\r\ndesktopwidth:i:1920\r\ndesktopheight:i:1080\r\n\
    session bpp:i:32\r\nwinposstr:s:0,3,0,0,800,600\r\ncompression:i:1\r\nkeyboardhook:i:2\r\naudiocapturemode:i:0\r\n\
    videoplaybackmode:i:1\r\nconnection type:i:7\r\nnetworkautodetect:i:1\r\nbandwidthautodetect:i:1\r\n\
    displayconnectionbar:i:1\r\nenableworkspacereconnect:i:0\r\nremoteappmousemoveinject:i:1\r\ndisable wallpaper:i:0\r\n\
    allow font smoothing:i:0\r\nallow desktop composition:i:0\r\ndisable full window drag:i:1\r\n\
    disable menu anims:i:1\r\ndisable themes:i:0\r\ndisable cursor setting:i:0\r\nbitmapcachepersistenable:i:1\r\n\
    full address:s:srv1.lab.test\r\naudiomode:i:0\r\nredirectprinters:i:1\r\nredirectlocation:i:0\r\n\
    redirectcomports:i:0\r\nredirectsmartcards:i:1\r\nredirectwebauthn:i:1\r\nredirectclipboard:i:1\r\n\
    redirectposdevices:i:0\r\nautoreconnection enabled:i:1\r\nauthentication level:i:2\r\n\
    prompt for credentials:i:0\r\nnegotiate security layer:i:1\r\nremoteapplicationmode:i:0\r\nalternate shell:s:\r\n\
    shell working directory:s:\r\ngatewayhostname:s:\r\ngatewayusagemethod:i:4\r\ngatewaycredentialssource:i:4\r\n\
    gatewayprofileusagemethod:i:0\r\npromptcredentialonce:i:0\r\ngatewaybrokeringtype:i:0\r\n\
    use redirection server name:i:0\r\nrdgiskdcproxy:i:0\r\nkdcproxyname:s:\r\nenablerdsaadauth:i:0\r\n";

#[test]
fn file_as_a_client_saves_it_warns_of_nothing() {
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(SAVED.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let read = RdpFile::parse(&utf16).unwrap();
    assert_eq!(read, file(SAVED));
    assert_eq!((read.host.to_string().as_str(), read.port), ("srv1.lab.test", 3389));
    assert_eq!(
        (read.security, read.server_name, read.routing_token, read.preconnection_blob),
        (None, None, None, None)
    );
    assert_eq!(read.warnings, []);
}

#[test]
fn alternate_address_is_where_to_and_the_full_one_whom() {
    let both = "full address:s:farm.lab.test\nalternate full address:s:192.0.2.7\n";
    let read = file(both);
    assert_eq!(read.host.to_string(), "192.0.2.7");
    assert_eq!(read.server_name.as_deref(), Some("farm.lab.test"));
    let same = file("full address:s:farm.lab.test\nalternate full address:s:FARM.lab.test");
    assert_eq!(same.server_name, None);
    let only = file("alternate full address:s:srv2\n");
    assert_eq!((only.host.to_string().as_str(), only.server_name), ("srv2", None));
}

#[test]
fn port_of_the_address_comes_before_server_port() {
    let port = |text: &str| file(text).port;
    assert_eq!(port("full address:s:srv1\nserver port:i:3390"), 3390);
    assert_eq!(port("full address:s:srv1:3391\nserver port:i:3390"), 3391);
    assert_eq!(port("full address:s:[2001:db8::7]:3391"), 3391);
    assert_eq!(port("full address:s:srv1:3391\nalternate full address:s:srv2\nserver port:i:3390"), 3391);
    assert_eq!(port("full address:s:srv1:3391\nalternate full address:s:srv2:3392"), 3392);
    assert_eq!(file("full address:s:2001:db8::7").target().input, "[2001:db8::7]:3389");
}

#[test]
fn security_follows_what_changes_the_offer() {
    let security = |keys: &str| file(&format!("full address:s:srv1\n{keys}")).security;
    assert_eq!(security("enablecredsspsupport:i:1\nauthentication level:i:0"), None);
    assert_eq!(security("enablecredsspsupport:i:0"), Some(Security::Tls));
    assert_eq!(security("EnableRdsAadAuth:i:1\nenablecredsspsupport:i:0"), Some(Security::Aad));
}

#[test]
fn token_and_blob_are_kept_as_written() {
    let read = file(
        "full address:s:srv1\r\nloadbalanceinfo:s:tsv://MS Terminal Services Plugin.1.Farm \r\npcb:s:vm;a:b\r\n",
    );
    assert_eq!(read.routing_token.as_deref(), Some(&b"tsv://MS Terminal Services Plugin.1.Farm "[..]));
    assert_eq!(read.preconnection_blob.as_deref(), Some("vm;a:b"));
}

#[test]
fn faults_name_the_line_and_what_was_expected() {
    let long = format!("full address:s:srv1\nloadbalanceinfo:s:{}", "x".repeat(240));
    let cases = [
        ("full address srv1", "line 1: expected name:type:value, such as full address:s:srv1"),
        ("full address:srv1", "line 1: expected name:type:value, such as full address:s:srv1"),
        ("\n:s:x", "line 2: expected name:type:value, such as full address:s:srv1"),
        ("a:s:b\nfull address:q:srv1", "line 2: expected the type s, i or b behind the name, not \"q\""),
        ("full address:i:7", "line 1: expected full address:s:value"),
        (
            "full address:s:srv 1",
            "line 1: full address: expected host[:port]: a host name has no character like ' '",
        ),
        ("full address:s:x\nserver port:i:many", "line 2: server port: expected a number, not \"many\""),
        ("full address:s:x\nserver port:i:0", "line 2: server port: expected a port from 1 to 65535, not 0"),
        (
            &long,
            "line 2: loadbalanceinfo: expected a routing token that can be sent: cookie or routing token has 242 octets, \
             at most 240 fit",
        ),
        ("full address:s:\n", "expected a line full address:s:HOST, which is missing"),
        ("", "expected a line full address:s:HOST, which is missing"),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), expected, "{text:?}");
    }
    assert_eq!(RdpFile::parse(b"a:s:b\nc:s:\xFC").unwrap_err(), RdpFileError::Text { line: 2 });
    assert_eq!(RdpFile::parse(&vec![b'\n'; RdpFile::MAX_LEN + 1]).unwrap_err(), RdpFileError::TooLarge);
    assert_eq!(RdpFile::parse(&vec![b'\n'; RdpFile::MAX_LEN]).unwrap_err(), RdpFileError::NoAddress);
}

#[test]
fn user_and_domain_are_there_for_who_has_a_password() {
    let read = |keys: &str| {
        let file = RdpFile::parse(format!("full address:s:srv1\n{keys}").as_bytes()).unwrap();
        (file.user, file.domain)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read("username:s: LAB\\me \ndomain:s:LAB"), (some("LAB\\me"), some("LAB")));
    assert_eq!(read("username:s:\ndomain:s: "), (None, None));
}

#[test]
fn what_a_probe_does_not_follow_is_one_line_each() {
    let warned = |keys: &str| warnings(&format!("full address:s:srv1\n{keys}"));
    let gateway = ["gateway \"gw1.lab.test\" is not yet followed: the target is probed directly"];
    for method in 1..=3 {
        assert_eq!(warned(&format!("gatewayhostname:s:gw1.lab.test\ngatewayusagemethod:i:{method}")), gateway);
    }
    for unused in ["", "gatewayusagemethod:i:0", "gatewayusagemethod:i:4"] {
        assert_eq!(warned(&format!("gatewayhostname:s:gw1.lab.test\n{unused}")), [""; 0]);
    }
    let password = ["a password in a file is encrypted for whoever saved it, and is not used"];
    assert_eq!(warned("password 51:b:01000000D08C"), password);
    assert_eq!(warned("username:s:LAB\\me\ndomain:s:LAB"), [""; 0]);
    assert_eq!(warned("password 51:b:"), [""; 0]);
    assert_eq!(warned("negotiate security layer:i:0"), [""; 0], "with CredSSP it means nothing");
    let direct = "negotiate security layer:i:0\nenablecredsspsupport:i:0";
    assert_eq!(warned(direct), ["\"negotiate security layer:i:0\" is not yet followed: the probe negotiates"]);
    assert_eq!(
        warned("resourceprovider:s:ARM"),
        ["Azure Virtual Desktop is not yet followed: the target is probed directly"]
    );
}

#[test]
fn unknown_and_repeated_keys_are_told_of_once() {
    let text = "full address:s:srv1\nFoo:s:1\nfoo:i:2\nFOO:i:3\nbar:b:00\nFull Address:s:srv2";
    assert_eq!(file(text).host.to_string(), "srv2");
    assert_eq!(
        warnings(text),
        [
            "unknown keys, which change nothing: \"Foo\", \"bar\"",
            "keys on several lines, of which the last counts: \"foo\", \"Full Address\""
        ]
    );
    let many: String = (0..12).map(|number| format!("key {number}:s:\n")).collect();
    let [line] = &warnings(&format!("full address:s:srv1\n{many}"))[..] else { panic!("not one warning") };
    assert!(line.ends_with("\"key 7\" and 4 more"), "{line}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
    #[test]
    fn any_octets_are_a_file_or_a_fault(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = RdpFile::parse(&octets) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn any_settings_are_a_file_that_can_be_probed_or_a_fault(
        lines in prop::collection::vec((
            prop::sample::select(vec![
                "full address", "alternate full address", "server port", "loadbalanceinfo", "pcb", "gatewayhostname",
                "gatewayusagemethod", "enablecredsspsupport", "username", "other",
            ]),
            prop::sample::select(vec!["s", "i", "b"]),
            prop::sample::select(vec!["srv1", "[::1]:80", "0", "1", "65536", "-1", "", " ", "a\rb", "\u{e4}:", "x y"]),
        ), 0..8),
        wide in any::<bool>(),
    ) {
        let text: String = lines.iter().map(|(name, kind, value)| format!("{name}:{kind}:{value}\r\n")).collect();
        let octets =
            if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.clone().into_bytes() };
        match RdpFile::parse(&octets) {
            Ok(file) => {
                prop_assert!(Probe::builder(file.target()).rdp_file(&file).build().is_ok(), "{:?}", text);
                prop_assert!(file.warnings.iter().all(|warning| !warning.to_string().contains('\n')));
            }
            Err(error) => prop_assert!(!error.to_string().contains('\n'), "{}", error),
        }
    }
}
