//! Lists as people have them.
use super::*;
use proptest::prelude::*;

fn reading() -> Reading {
    Reading { column: None, port: 3389 }
}

fn with_column(column: &str) -> Reading {
    Reading { column: Some(column.to_owned()), port: 3389 }
}

/// What each line comes to: `host port`, a file, or `!` and the place and why not.
fn read_as(octets: &[u8], reading: Reading) -> Result<Vec<String>, String> {
    Lines::new(octets, "x".into(), reading)
        .map(|line| {
            line.map(|line| match &line.what {
                Ok(What::Target(target)) => format!("{} {}", target.host, target.port),
                Ok(What::Many(many)) => {
                    let all = (0..many.len()).filter_map(|index| many.at(index)).take(4);
                    all.map(|target| target.input).collect::<Vec<_>>().join(" ")
                }
                Ok(What::File(file)) => file.clone(),
                Err(why) => format!("! {}: {why}", line.place),
            })
        })
        .collect()
}

fn read(octets: &[u8]) -> Result<Vec<String>, String> {
    read_as(octets, reading())
}

fn text(text: &str) -> Vec<String> {
    read(text.as_bytes()).unwrap()
}

const SRV1: &str = "srv1 3389";
const BOTH: [&str; 2] = ["srv1 3389", "srv2 3390"];

#[test]
fn a_list_has_comments_and_empty_lines() {
    for list in [
        "\u{feff}# hosts\nsrv1\n\n srv2:3390 # second\r\n",
        "; hosts\nsrv1;\n// more\nsrv2:3390 // second\n\u{1a}",
        "srv1\t# first\nsrv2:3390 ; second\n----\n",
        "srv1\rsrv2:3390\r",
    ] {
        assert_eq!(text(list), BOTH, "{list}");
    }
}

#[test]
fn a_plain_line_is_a_target_in_any_form() {
    for line in [
        "srv2:3390",
        "srv2 3390",
        "srv2\t3390",
        "srv2;3390",
        "srv2,3390",
        "\"srv2\",\"3390\"",
        "srv2, 3390,",
        "srv2 ; 3390",
        "srv2;3390;Berlin",
        "srv2,3390,Berlin",
        "https://srv2:3390/RDWeb",
        "[srv2]:3390",
        "srv2:3390:me",
        "\"srv2:3390\",",
        "srv2:3390;",
        "srv2:3390;Berlin; 3rd floor",
        "srv2:3390\tBerlin",
        "\\\\srv2 3390",
        "\u{a0}srv2:3390\u{a0}",
    ] {
        assert_eq!(text(&format!("srv1\n{line}\n")), BOTH, "{line}");
    }
    assert_eq!(
        text("[2001:db8::7]:3390\n2001:db8::7;3390\nwork.rdp\n\"my work.RDP\"\nsrv1."),
        ["2001:db8::7 3390", "2001:db8::7 3390", "work.rdp", "my work.RDP", "srv1. 3389"]
    );
}

#[test]
fn a_line_may_mean_many_targets() {
    for (line, targets) in [
        ("srv2:3390,3391", "srv2:3390 srv2:3391"),
        ("srv2:3390, 3391,", "srv2:3390 srv2:3391"),
        ("10.0.0.0/30", "10.0.0.1:3389 10.0.0.2:3389"),
        ("10.0.0.0/30 9", "10.0.0.1:9 10.0.0.2:9"),
        ("10.0.0.0/30,9", "10.0.0.1:9 10.0.0.2:9"),
        ("10.0.0.0/30;9;Berlin", "10.0.0.1:9 10.0.0.2:9"),
        ("10.0.0.0/30 # Berlin", "10.0.0.1:3389 10.0.0.2:3389"),
        ("10.0.0.7-8", "10.0.0.7:3389 10.0.0.8:3389"),
        ("10.0.0.7:1,2", "10.0.0.7:1 10.0.0.7:2"),
        ("10.0.0.7-8:1,2", "10.0.0.7:1 10.0.0.7:2 10.0.0.8:1 10.0.0.8:2"),
        ("2001:db8::/127", "[2001:db8::]:3389 [2001:db8::1]:3389"),
    ] {
        assert_eq!(text(&format!("srv1\n{line}\n")), [SRV1, targets], "{line}");
    }
    assert_eq!(text("host,port\n\"srv2:1,2\",\n10.0.0.0/30,9\n"), ["srv2:1 srv2:2", "10.0.0.1:9 10.0.0.2:9"]);
    assert_eq!(
        text("srv1\n10.0.0.0/33\n"),
        [
            SRV1,
            "! x, line 2: \"10.0.0.0/33\": a network is an address and the length of its prefix, such as 10.0.0.0/24"
        ]
    );
}

#[test]
fn a_line_that_is_no_target_is_named_and_the_others_are_read() {
    let list = "srv1\nsrv x\nsrv3,srv4\nsrv5:0\nsrv6;99999\n,\nsrv x:3389:me:hunter2\nsrv2:3390\n";
    assert_eq!(
        text(list),
        [
            SRV1,
            "! x, line 2: \"srv x\": a host name has no character like ' '",
            "! x, line 3: \"srv3\": a line holds one target; columns have their names in the first line",
            "! x, line 4: \"srv5:0\": a port is a number from 1 to 65535, not \"0\"",
            "! x, line 5: \"srv6\": a port is a number from 1 to 65535, not \"99999\"",
            "! x, line 6: \"\": no host name or address",
            "! x, line 7: \"srv x:3389:...\": a host name has no character like ' '",
            "srv2 3390",
        ]
    );
}

#[test]
fn a_part_that_is_passed_over_is_told_once() {
    let more = |list: &str| -> Vec<bool> {
        Lines::new(list.as_bytes(), "x".into(), reading()).map(|line| line.unwrap().more).collect()
    };
    assert_eq!(more("srv1\nsrv2;Berlin\nsrv3\tHamburg\nsrv4:1:me"), [false, true, false, false]);
    assert_eq!(more("srv1 ; a comment\nsrv2;3390;\nsrv4:1:me"), [false, false, true]);
    assert_eq!(more("host;where\nsrv2;Berlin\n"), [false]);
}

#[test]
fn a_header_names_the_columns_of_a_list() {
    for list in [
        "host,port\nsrv1,\nsrv2,3390\n",
        "Host;Port;Owner\nsrv1;;me\nsrv2;3390;you\n",
        "Owner\tHOSTNAME\tPort\nme\tsrv1\t\nyou\tsrv2\t3390\n",
        "sep=;\n\"host\";\"port\"\n\"srv1\";\"3389\"\n\"srv2\";\"3390\"\n",
        // What Export-Csv of Windows PowerShell writes.
        "#TYPE Selected.Microsoft.ActiveDirectory.Management.ADComputer\r\n\"Name\",\"DNSHostName\",\"Port\"\r\n\"SRV-1\",\"srv1\",\r\n\"srv2\",,\"3390\"\r\n",
        // What Format-Table shows.
        "\nName DNSHostName Port\n---- ----------- ----\nA1   srv1        3389\nsrv2             3390\n\n",
        "\n Port Name\n ---- ----\n 3389 srv1\n13390 no host\n 3390 srv2\n",
        "Name\n----\nsrv1\nsrv2:3390\n",
        "\"Server\"\n\"srv1\"\n\"srv2:3390\"\n",
        "ip address,computer name,TCP-Port\n192.0.2.7,srv1,\n192.0.2.8,srv2,3390\n",
        "name,ip,description\nthe first one,srv1,\"two\nlines, \"\"of text\"\"\"\n,srv2:3390,x\n",
        "host,port\nsrv1 # one,\nhost,port\n\n# x\n,\nsrv2,3390 # two\n",
    ] {
        let read: Vec<String> = text(list).into_iter().filter(|line| !line.starts_with('!')).collect();
        assert_eq!(read, BOTH, "{list}");
    }
}

#[test]
fn a_line_with_a_port_or_an_address_is_no_header() {
    assert_eq!(text("host;3390\n"), ["host 3390"]);
    assert_eq!(text("server\nhost\n"), ["server 3389", "host 3389"]);
    assert_eq!(text("name:3389\n"), ["name 3389"]);
    assert_eq!(text("host 3390\n"), ["host 3390"]);
    assert_eq!(text("host name\nsrv1"), [SRV1]);
    assert_eq!(text("the host\nsrv1")[1..], [SRV1]);
}

#[test]
fn a_row_without_a_target_is_named_by_its_cell_alone() {
    let list = "host,ip,password\nsrv x,192.0.2.777,hunter2\n,,hunter2\nsrv1,,hunter2\n\"srv2,hunter2\nsrv3,,hunter2\n";
    assert_eq!(
        text(list),
        [
            "! x, line 2: \"srv x\": a host name has no character like ' '",
            "! x, line 3: \"\": nothing stands in column \"host\", \"ip\"",
            SRV1,
            "! x, line 5: \"srv2,hunter2\": a quotation mark is not closed",
            "srv3 3389",
        ]
    );
}

#[test]
fn a_column_that_is_named_is_the_one_that_counts() {
    for list in [
        "host,Mgmt Address,port\nsrv8,srv1,\nsrv9,srv2,3390\n",
        "MGMT address\nsrv1\nsrv2:3390\n",
        "Name Mgmt Address\n---- ------------\nx    srv1\ny    srv2:3390\n",
    ] {
        assert_eq!(read_as(list.as_bytes(), with_column("mgmt address")).unwrap(), BOTH, "{list}");
    }
    for (list, error) in [
        ("host,port\nsrv1,\n", "x, line 1: there is no column \"mgmt\"; there are \"host\", \"port\""),
        ("# x\nsrv1\n", "x, line 2: there is no column \"mgmt\"; there are \"srv1\""),
        ("srv1 srv2\n", "x, line 1: there is no column \"mgmt\"; there are \"srv1 srv2\""),
        ("Name Id\n---- --\n", "x, line 1: there is no column \"mgmt\"; there are \"Name\", \"Id\""),
    ] {
        assert_eq!(read_as(list.as_bytes(), with_column("mgmt")), Err(error.to_owned()));
    }
    let many = format!("{}\n", (0..30).map(|n| format!("c{n}")).collect::<Vec<_>>().join(","));
    let error = read_as(many.as_bytes(), with_column("mgmt")).unwrap_err();
    assert!(error.ends_with("\"c19\" and 10 more"), "{error}");
    assert_eq!(
        read(b"Rechner;Port\nsrv1;3390\n"),
        Err("x, line 1: no column is known to hold hosts; --column names it; there are \"Rechner\", \"Port\""
            .into())
    );
}

#[test]
fn a_port_is_that_of_the_column_or_of_the_option_where_a_target_has_none() {
    let reading = || Reading { column: None, port: 4000 };
    assert_eq!(read_as(b"srv1\nsrv2:1\nsrv3;2\n", reading()).unwrap(), ["srv1 4000", "srv2 1", "srv3 2"]);
    assert_eq!(
        read_as(b"host,port\nsrv1,\nsrv2:1,2\nsrv3,2\n", reading()).unwrap(),
        ["srv1 4000", "srv2 1", "srv3 2"]
    );
}

#[test]
fn a_line_has_a_place_that_names_its_number() {
    let line = Lines::new(&b"srv1\nsrv 2"[..], "list file \"x\"".into(), reading()).nth(1).unwrap().unwrap();
    assert_eq!(line.place.to_string(), "list file \"x\", line 2: \"srv 2\"");
}

#[test]
fn a_line_without_an_end_is_refused_before_it_is_held() {
    let endless = Lines::new(std::io::repeat(b'x'), "x".into(), reading()).next().unwrap();
    assert_eq!(
        endless.unwrap_err(),
        "x, line 1: longer than 64 KiB; a list is text with a target on each line"
    );
    let longest = [vec![b'x'; 65_535], b"\n".to_vec()].concat();
    assert!(read(&longest).unwrap().concat().contains("at most 253 characters, this one has 65535"));
}

#[test]
fn what_is_no_text_is_no_list() {
    for octets in
        [&b"\x7fELF\x02\x01\x01\0\0\n"[..], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\n", b"\0\0\0\0\n"]
    {
        let error = read(octets).unwrap_err();
        assert!(error.starts_with("x: is no list: line "), "{error}");
    }
    // Where a target was, it is a line that is none.
    let lines = read(b"srv1\ns\0r\0v\x002\0\n").unwrap();
    assert_eq!(lines, [SRV1, "! x, line 2: \"s\\0r\\0v\\02\\0\": a host name has no character like '\\0'"]);
}

#[test]
fn a_list_is_read_in_every_encoding_and_a_host_in_another_script_is_a_bad_line() {
    let list = "# \u{4f}\u{fc}\nsrv1\r\nsrv2:3390 # M\u{fc}nchen\r\n";
    let wide = |octets: fn(u16) -> [u8; 2]| list.encode_utf16().flat_map(octets).collect::<Vec<u8>>();
    for octets in [list.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        assert_eq!(read(&octets).unwrap(), BOTH);
    }
    assert_eq!(
        read(b"srv1 # M\xfcnchen\nM\xfcnchen\nsrv2\xa0:3390\nsrv2:3390\xa0\n").unwrap(),
        [
            SRV1,
            "! x, line 2: \"M\u{fc}nchen\": a host name is ASCII here: write an international one in its xn-- form",
            "! x, line 3: \"srv2\\u{a0}:3390\": a host name has no character like '\\u{a0}'",
            "srv2 3390",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_list_is_each_line_of_it_is_a_target_or_named(
        list in "(host|Name|port|ip|srv1|3390|192\\.0\\.2\\.7|\"|,|;|\t| |--|#|//|:|\\[|\\]|@|\n|\r|\u{fc}){0,40}",
        column in proptest::option::of("(host|Name|x)"),
    ) {
        let many = list.split(['\n', '\r']).count();
        match read_as(list.as_bytes(), Reading { column, port: 3389 }) {
            Ok(lines) => prop_assert!(lines.len() <= many && lines.iter().all(|line| line.len() < 1000)),
            Err(error) => prop_assert!(error.starts_with("x, line ") && error.len() < 4000, "{}", error),
        }
    }
}
