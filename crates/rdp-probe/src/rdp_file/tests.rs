use proptest::prelude::*;

use rdp_probe_core::{GatewayLogon, Plan, Routing, Unfollowed};

use super::*;
use crate::builder::Probe;
use crate::gateway::Gateway;
use crate::prober::Prober;

fn file(text: &str) -> RdpFile {
    RdpFile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn fault(text: &str) -> String {
    RdpFile::parse(text.as_bytes()).unwrap_err().to_string()
}

fn plan(file: &RdpFile) -> Plan {
    Probe::builder(file.target()).rdp_file(file).build().unwrap().plan().clone()
}

/// What a probe with this file misses.
fn unfollowed(keys: &str) -> Vec<String> {
    let planned = plan(&file(&format!("full address:s:srv1\n{keys}")));
    planned.not_followed.iter().map(|one| format!("{}: {}", one.what.id(), one.value)).collect()
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
    assert_eq!((read.warnings, read.not_followed, read.gateway, read.cookie), (vec![], vec![], None, None));
    assert!(!read.refuses_untrusted);
}

/// What a client for macOS saves.
const SAVED_ON_MACOS: &str = "smart sizing:i:1\narmpath:s:\nenablerdsaadauth:i:0\ntargetisaadjoined:i:0\nhubdiscoverygeourl:s:\n\
    redirected video capture encoding quality:i:0\ncamerastoredirect:s:\ngatewaybrokeringtype:i:0\n\
    use redirection server name:i:0\nalternate shell:s:\ndisable themes:i:0\ngeo:s:\ndisable cursor setting:i:1\n\
    remoteapplicationname:s:\nresourceprovider:s:\ndisable menu anims:i:1\nremoteapplicationcmdline:s:\n\
    promptcredentialonce:i:0\ngatewaycertificatelogonauthority:s:\naudiocapturemode:i:0\n\
    prompt for credentials on client:i:0\nallowed security protocols:s:*\ngatewayhostname:s:\n\
    remoteapplicationprogram:s:\ngatewayusagemethod:i:2\nscreen mode id:i:1\nuse multimon:i:0\n\
    authentication level:i:2\ndesktopwidth:i:0\ndesktopheight:i:0\nredirectsmartcards:i:1\nredirectclipboard:i:1\n\
    forcehidpioptimizations:i:1\ndrivestoredirect:s:\nloadbalanceinfo:s:\nnetworkautodetect:i:1\n\
    enablecredsspsupport:i:1\nredirectprinters:i:1\nautoreconnection enabled:i:1\nsession bpp:i:32\n\
    administrative session:i:0\naudiomode:i:0\nbandwidthautodetect:i:1\nauthoring tool:s:rdmac\nconnection type:i:7\n\
    remoteapplicationmode:i:0\ndisable full window drag:i:0\ngatewayusername:s:\ndynamic resolution:i:1\n\
    shell working directory:s:\nwvd endpoint pool:s:\nremoteapplicationappid:s:\nallow font smoothing:i:1\n\
    connect to console:i:0\ndisable wallpaper:i:0\ngatewayaccesstoken:s:\nauto connect:i:1\nbookmarktype:i:3\n\
    clientrejectinjectedinput:i:0\nfull address:s:srv1.lab.test\nusername:s:\n";

#[test]
fn file_as_the_client_for_macos_and_the_consoles_of_clouds_save_it_warns_of_nothing() {
    let read = file(SAVED_ON_MACOS);
    assert_eq!((read.warnings, read.not_followed, read.gateway), (vec![], vec![], None));
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
    let missing = "expected a line full address:s:HOST, which is missing";
    let unread =
        |line: &str| format!("{missing}; line 1 is no setting (name:type:value) and is passed over: {line}");
    let (cut, word) = (unread("\"full address:srv1\""), unread("\"full address srv1\""));
    let empty = "line 2: full address: the line is there and empty, as in a template that a client saved: expected full \
                 address:s:HOST";
    let cases = [
        ("full address srv1", word.as_str()),
        ("full address:srv1", &cut),
        ("a:s:b\nfull address:q:srv1", "line 2: expected full address:s:value"),
        ("full address:i:7", "line 1: expected full address:s:value"),
        (
            "full address:s:srv 1",
            "line 1: full address: expected host[:port]: a host name has no character like ' '",
        ),
        ("full address:s:x\nserver port:i:many", "line 2: server port: expected a number, not \"many\""),
        ("full address:s:x\nserver port:i:0", "line 2: server port: expected a port from 1 to 65535, not 0"),
        (
            "full address:s:x\nserver port:i:99999",
            "line 2: server port: expected a port from 1 to 65535, not 99999",
        ),
        (
            "full address:s:x\r\ngatewayhostname:s:gw\rgatewayusagemethod:i:7",
            "line 3: gatewayusagemethod: expected a number from 0 to 4, not 7",
        ),
        (
            &long,
            "line 2: loadbalanceinfo: expected a routing token that can be sent: cookie or routing token has 242 octets, \
             at most 240 fit",
        ),
        ("a:s:b\nfull address:s:\n", empty),
        ("a:s:b\nfull address:s: \nalternate full address:s:\n", empty),
        ("", missing),
        ("username:s:me\n", missing),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), expected, "{text:?}");
    }
    let none = RdpFileError::NoAddress { passed_over: None };
    assert_eq!(RdpFile::parse(&vec![b'\n'; RdpFile::MAX_LEN + 1]).unwrap_err(), RdpFileError::TooLarge);
    assert_eq!(RdpFile::parse(&vec![b'\n'; RdpFile::MAX_LEN]).unwrap_err(), none);
    for binary in
        [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02"[..], b"\x7fELF\x02\x01\x01\0", &[0xFE, 0xFF, 0xD8, 0]]
    {
        assert_eq!(RdpFile::parse(binary).unwrap_err(), RdpFileError::NoSettings, "{binary:02X?}");
    }
}

#[test]
fn line_that_is_no_setting_is_passed_over_with_one_warning() {
    let said = |line: &str| {
        let before = "screen mode id:i:2\r\nfull address:s:srv1.lab.test\r\n";
        let read = file(&format!("{before}{line}"));
        assert_eq!(read.host.to_string(), "srv1.lab.test", "{line:?}");
        read.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let one = |text: &str| vec![format!("line 3 is no setting (name:type:value) and is passed over: {text:?}")];
    for line in [
        "modify",
        "# a comment",
        "; a comment",
        "// a comment",
        "' a comment",
        "-- a comment",
        "<!-- a comment -->",
    ] {
        assert_eq!(said(line), one(line));
        assert_eq!(said(&format!("{line}\r\n\r\n")), one(line));
    }
    for line in ["\u{1a}", "full addr", "full address:s", ":s:x", "::", "foo:q:x", "audiomode:q:2"] {
        assert_eq!(said(line), one(line), "{line:?}");
    }
    // A setting that somebody has taken out is no unknown key, and no address.
    assert_eq!(
        said("#alternate full address:s:srv2"),
        ["line 3 is no setting (name:type:value) and is passed over: \"#alternate full address:s: ...\""]
    );
    let three = "a\nfull address:s:srv1.lab.test\nb\n\nc\u{1a}";
    let all = "3 lines are no settings (name:type:value) and are passed over, the first is line 1: \"a\"";
    assert_eq!(warnings(three), [all]);
    // What is of nobody's interest may be anything.
    assert_eq!(
        said("audiomode:i:loud\r\ndesktopwidth:s:wide\r\nauthentication level:i:high\r\n\u{a0}"),
        [""; 0]
    );
    assert_eq!(
        said("full address:s:srv1.lab.test\u{1a}"),
        ["keys on several lines, of which the last counts: \"full address\""]
    );
}

#[test]
fn nothing_that_may_be_a_secret_is_repeated() {
    for line in [
        "password hunter2",
        "password=hunter2",
        "password:hunter2",
        "password:x:hunter2",
        "gatewayaccesstoken:hunter2",
        "hunter2",
        "# password: hunter2",
        "pw hunter2",
        "gatewayaccesstoken:s:ey.hunter2\nhunter2",
        "username:s:me\nme:hunter2",
        "gatewayhostname:s:me:hunter2@gw 1\ngatewayusagemethod:i:1",
        "password:s:hunter2",
        "cleartextpassword:s:hunter2",
        "gatewayhostname:s:gw\ngatewayusagemethod:i:1\ngatewayaccesstoken:s:hunter2\u{7}",
        "gatewayhostname:s:gw\ngatewayusagemethod:i:1\ngatewayaccesstoken:i:hunter2",
        "kdcproxyname:s:me:hunter2@kdc\nhubdiscoverygeourl:s:https://x/?key=hunter2",
    ] {
        let read = RdpFile::parse(format!("full address:s:srv1\n{line}\nfull").as_bytes());
        let shown = match &read {
            Ok(file) => {
                let warned: Vec<String> = file.warnings.iter().map(ToString::to_string).collect();
                let unfollowed: Vec<String> = file.not_followed.iter().map(ToString::to_string).collect();
                let gateway = format!("{:?}", file.gateway);
                assert!(!warned.is_empty(), "{line:?}");
                [warned, unfollowed, vec![gateway]].concat().concat()
            }
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter2"), "{line:?}: {shown}");
    }
}

#[test]
fn lines_and_encodings_are_read_whichever_they_are() {
    let text = "full address:s:srv1.lab.test\nusername:s:J\u{fc}rgen\nserver port:i:3390\n";
    let expected = file(text);
    let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for end in ["\r\n", "\n", "\r", "\n\r\n", "\0"] {
        let text = text.replace('\n', end);
        let of_windows: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        for octets in [
            text.clone().into_bytes(),
            of_windows,
            le(&text),
            be(&text),
            le(&format!("\u{feff}{text}")),
            be(&format!("\u{feff}{text}")),
            format!("\u{feff}{text}").into_bytes(),
        ] {
            assert_eq!(RdpFile::parse(&octets).as_ref(), Ok(&expected), "{octets:02X?}");
            assert_eq!(
                RdpFile::parse(&[&octets[..], &[0, 0]].concat()).as_ref(),
                Ok(&expected),
                "a block's rest"
            );
        }
    }
    let mixed = "full address:s:srv1.lab.test\rusername:s:J\u{fc}rgen\r\nserver port:i:3390\n";
    assert_eq!(file(mixed), expected);
    let odd = [le(text), vec![b'x']].concat();
    assert_eq!(RdpFile::parse(&odd).unwrap().port, 3390, "an odd octet at the end");
    let lone = [le("username:s:a"), vec![0, 0xD8], le("\nfull address:s:srv1\n")].concat();
    assert_eq!(RdpFile::parse(&lone).unwrap().user.as_deref(), Some("a\u{fffd}"), "half of a pair");
    // What stands behind a NUL is a line of its own.
    assert_eq!(file("full address:s:srv1\0junk").host.to_string(), "srv1");
}

#[test]
fn signed_file_is_read_as_any_other() {
    let signed = "full address:s:srv1\r\nsignscope:s:Full Address,Server Port\r\nsignature:s:AQABAAEAAADuEAAAMIIQ6gYJKoZI  \
                  \r\n";
    assert_eq!(file(signed).warnings, []);
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
fn user_is_the_cookie_of_the_first_request_unless_there_is_a_token() {
    let routing = |keys: &str| plan(&file(&format!("full address:s:srv1\n{keys}"))).routing;
    for (user, cookie) in [
        ("me", "me"),
        ("LAB\\me", "me"),
        (".\\me", "me"),
        ("Administrator", "Administr"),
        ("LAB\\Administrator", "Administr"),
        ("me@lab.test", "me@lab.te"),
        ("John Smith", "John Smit"),
    ] {
        assert_eq!(routing(&format!("username:s:{user}")), Routing::Cookie(cookie.to_owned()), "{user}");
    }
    for user in ["", " ", "LAB\\", "M\u{fc}ller", "a\u{7}"] {
        assert_eq!(routing(&format!("username:s:{user}")), Routing::None, "{user}");
    }
    assert_eq!(routing("username:s:me\nloadbalanceinfo:s:x"), Routing::Token(b"x".to_vec()));
}

#[test]
fn gateway_of_a_file_is_followed_where_a_client_uses_it() {
    let gateway = |keys: &str| file(&format!("full address:s:srv1\n{keys}")).gateway;
    for (method, usage) in [(1, GatewayUsage::Always), (2, GatewayUsage::Detect), (3, GatewayUsage::Always)] {
        let read = gateway(&format!("gatewayhostname:s:gw1.lab.test\ngatewayusagemethod:i:{method}")).unwrap();
        assert_eq!((read.host.to_string().as_str(), read.port, read.usage), ("gw1.lab.test", 443, usage));
        assert_eq!((read.credentials, read.user, read.token, read.same_credentials), (None, None, None, false));
    }
    for unused in ["", "gatewayusagemethod:i:0", "gatewayusagemethod:i:4", "gatewayusagemethod:i:"] {
        assert_eq!(gateway(&format!("gatewayhostname:s:gw1.lab.test\n{unused}")), None, "{unused}");
    }
    assert_eq!(gateway("gatewayhostname:s:\ngatewayusagemethod:i:nonsense"), None, "it is of no use");
    let whole = "gatewayhostname:s:[2001:db8::9]:8443\ngatewayusagemethod:i:1\ngatewaycredentialssource:i:5\n\
                 gatewayusername:s:LAB\\me\ngatewayaccesstoken:s: a.b.c \npromptcredentialonce:i:1";
    let read = gateway(whole).unwrap();
    assert_eq!((read.host.to_string().as_str(), read.port), ("2001:db8::9", 8443));
    assert_eq!((read.credentials, read.user.as_deref()), (Some(GatewayCredentials::TOKEN), Some("LAB\\me")));
    assert_eq!((read.token.unwrap().expose().as_str(), read.same_credentials), ("a.b.c", true));
    assert_eq!(
        fault(&format!("full address:s:srv1\n{whole}\ngatewayaccesstoken:s:{}", "x".repeat(40_000))),
        "line 8: gatewayaccesstoken: expected a token of at most 32766 characters, none of them a control character"
    );
}

#[test]
fn probe_of_a_file_goes_through_its_gateway_unless_there_is_one_already() {
    let text = "full address:s:srv1\ngatewayhostname:s:gw1.lab.test:8443\ngatewayusagemethod:i:";
    let read = file(&format!("{text}1\ngatewayaccesstoken:s:token"));
    let planned = plan(&read).gateway.unwrap();
    assert_eq!((planned.leg.host.to_string().as_str(), planned.leg.port), ("gw1.lab.test", 8443));
    assert!(planned.leg.require_trust, "nothing goes to whom nobody vouches for");
    assert_eq!(planned.logon, GatewayLogon::Token);
    // Nobody logs on there without its credentials.
    let detected = plan(&file(&format!("{text}2")));
    assert_eq!(detected.gateway.as_ref().unwrap().logon, GatewayLogon::None);
    assert!(detected.tries_directly() && !plan(&read).tries_directly());
    assert_eq!(plan(&file(&format!("{text}4"))).gateway, None);
    let other = || Gateway::new(Host::parse("other.lab.test").unwrap(), 443);
    for builder in [
        Probe::builder(read.target()).gateway(other()).rdp_file(&read),
        Probe::builder(read.target()).rdp_file(&read).gateway(other()),
        Prober::new().gateway(other()).probe(read.target()).rdp_file(&read),
    ] {
        let planned = builder.build().unwrap().plan().gateway.clone().unwrap();
        assert_eq!(
            (planned.leg.host.to_string().as_str(), planned.logon),
            ("other.lab.test", GatewayLogon::None)
        );
    }
}

#[test]
fn what_a_client_would_do_and_a_probe_does_not_is_data() {
    let gateway = "gatewayhostname:s:gw1.lab.test\ngatewayusagemethod:i:1\n";
    for (keys, expected) in [
        ("gatewayhostname:s:gw 1\ngatewayusagemethod:i:1", &["gateway: gw 1"][..]),
        (
            "gatewayhostname:s:https://gw1.lab.test/rdweb\ngatewayusagemethod:i:2",
            &["gateway: https://gw1.lab.test/rdweb"],
        ),
        ("gatewayhostname:s:gw 1\ngatewayusagemethod:i:0", &[]),
        ("resourceprovider:s:ARM", &["broker: Azure Virtual Desktop"]),
        ("wvd endpoint pool:s:22222222-3333", &["broker: Azure Virtual Desktop"]),
        ("armpath:s:/subscriptions/1", &["broker: Azure Virtual Desktop"]),
        (
            &format!(
                "{gateway}resourceprovider:s:arm\nhubdiscoverygeourl:s:https://rdweb.lab.test/hub?resourceId=4"
            ),
            &["feed: https://rdweb.lab.test/hub", "broker: Azure Virtual Desktop", "gateway: gw1.lab.test"],
        ),
        ("kdcproxyname:s:kdc.lab.test", &["kdc_proxy: kdc.lab.test"]),
        ("rdgiskdcproxy:i:1", &[]),
        (&format!("{gateway}rdgiskdcproxy:i:1"), &["kdc_proxy: gw1.lab.test"]),
        (&format!("{gateway}rdgiskdcproxy:i:1\nkdcproxyname:s:kdc"), &["kdc_proxy: kdc"]),
        (&format!("{gateway}gatewaycredentialssource:i:1"), &["logon: smart card at the gateway"]),
        ("gatewaycredentialssource:i:1", &[]),
        ("negotiate security layer:i:0", &[]),
        (
            "negotiate security layer:i:0\nenablecredsspsupport:i:0",
            &["no_negotiation: negotiate security layer:i:0"],
        ),
        // A RemoteApp of a session host, and the collection of a broker: the way is the direct one.
        ("remoteapplicationmode:i:1\nremoteapplicationprogram:s:||calc\nalternate shell:s:||calc", &[]),
        ("workspace id:s:rdcb.lab.test\nuse redirection server name:i:1\nloadbalanceinfo:s:tsv://x", &[]),
        ("administrative session:i:1\nconnect to console:i:1\ntargetisaadjoined:i:1", &[]),
    ] {
        assert_eq!(unfollowed(keys), expected, "{keys:?}");
    }
    let read =
        file("full address:s:srv1\nresourceprovider:s:arm\ngatewayhostname:s:gw\ngatewayusagemethod:i:1");
    let whats = |plan: &Plan| plan.not_followed.iter().map(|one| one.what).collect::<Vec<_>>();
    assert_eq!(whats(&plan(&read)), [Unfollowed::Broker, Unfollowed::Gateway]);
    assert_eq!(whats(&plan(&read.without_gateway())), [Unfollowed::Broker]);
    let proxied = file(&format!("full address:s:srv1\n{gateway}rdgiskdcproxy:i:1")).without_gateway();
    assert_eq!((plan(&proxied).gateway, whats(&plan(&proxied))), (None, vec![]));
}

#[test]
fn authentication_level_of_1_refuses_what_is_not_trusted() {
    for (value, refuses) in [("0", false), ("1", true), ("2", false), ("3", false), ("one", false), ("", false)]
    {
        let read = file(&format!("full address:s:srv1\nauthentication level:i:{value}"));
        assert_eq!(
            (read.refuses_untrusted, plan(&read).target.refuses_untrusted),
            (refuses, refuses),
            "{value}"
        );
    }
}

#[test]
fn passwords_of_a_file_are_told_of_and_not_used() {
    let warned = |keys: &str| warnings(&format!("full address:s:srv1\n{keys}"));
    assert_eq!(
        warned("password 51:b:01000000D08C"),
        ["a password in a file is encrypted for whoever saved it, and is not used"]
    );
    for key in ["password", "ClearTextPassword", "gatewaypassword"] {
        let [line] = &warned(&format!("{key}:s:x"))[..] else { panic!("{key}: not one warning") };
        assert!(line.contains("where everybody can read it") && line.contains("RDG_PASSWORD"), "{line}");
    }
    assert_eq!(warned("password 51:b:\npassword:s:"), [""; 0]);
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
    let many: String = (0..2000).map(|number| format!("key {number}:s:\n")).collect();
    let [line] = &warnings(&format!("full address:s:srv1\n{many}"))[..] else { panic!("not one warning") };
    assert!(line.ends_with("\"key 6\", \"key 7\" and many more"), "{line}");
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
                "gatewayusagemethod", "gatewayaccesstoken", "gatewaycredentialssource", "enablecredsspsupport", "username",
                "resourceprovider", "kdcproxyname", "password", "other", "# other",
            ]),
            prop::sample::select(vec!["s", "i", "b", "", "x"]),
            prop::sample::select(vec!["srv1", "[::1]:80", "0", "1", "65536", "-1", "", " ", "a\rb", "\u{e4}:", "x y"]),
        ), 0..8),
        wide in any::<bool>(),
    ) {
        let text: String = lines.iter().map(|(name, kind, value)| format!("{name}:{kind}:{value}\r\n")).collect();
        // What follows a token and a password is said nowhere.
        let text = format!("{text}gatewayaccesstoken:s:ey0SECRET\r\n password=0SECRET\r\n0SECRET\r\n");
        let octets =
            if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.clone().into_bytes() };
        match RdpFile::parse(&octets) {
            Ok(file) => {
                prop_assert!(Probe::builder(file.target()).rdp_file(&file).build().is_ok(), "{:?}", text);
                let is_fit = |said: String| !said.contains(['\n', '\r']) && !said.contains("SECRET");
                prop_assert!(file.warnings.iter().all(|warning| is_fit(warning.to_string())), "{:?}", file);
                prop_assert!(file.not_followed.iter().all(|one| is_fit(one.to_string())), "{:?}", file);
                prop_assert!(is_fit(format!("{file:?}")), "{:?}", file);
            }
            Err(error) => prop_assert!(!error.to_string().contains(['\n', '\r']) && !error.to_string().contains("SECRET"), "{}", error),
        }
    }
}
