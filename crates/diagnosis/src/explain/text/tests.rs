//! What people paste, and what is taken from it.
use super::*;
use crate::explain::explanation::Form;

/// What is explained: of pairs both halves, of others the name of the likeliest row, or the number that no row has.
fn found(text: &str) -> Vec<String> {
    let all = explain_text(text);
    let one = |one: &Explanation| match (one.form, one.meanings.first()) {
        (Form::Pair, _) => format!("{:#X}/{:#X}", one.code.unwrap(), one.extended.unwrap()),
        (_, Some(meaning)) => meaning.row.name.to_owned(),
        (_, None) => format!("? {}", one.query),
    };
    all.iter().map(one).collect()
}

#[test]
fn every_form_of_a_number_is_taken_from_a_sentence() {
    for (text, expected) in [
        ("It says 0x204.", "disconnectReasonSocketConnectFailed"),
        ("Disconnect reason 3334", "(protocol error)"),
        ("RDP(10.0.0.1) exit with error code 516", "disconnectReasonSocketConnectFailed"),
        ("[DEBUG] rdp exit code 131085", "FREERDP_ERROR_CONNECT/CONNECT_TRANSPORT_FAILED"),
        ("libfreerdp returned code is 0002000D", "FREERDP_ERROR_CONNECT/CONNECT_TRANSPORT_FAILED"),
        ("failed with 8009030C here", "SEC_E_LOGON_DENIED"),
        ("status=-1073741715;", "STATUS_LOGON_FAILURE"),
        ("HRESULT 0xFFFFFFFF80090304", "SEC_E_INTERNAL_ERROR"),
        ("it ended (-2146893044)", "SEC_E_LOGON_DENIED"),
        ("RPC Error: 6ba", "RPC_S_SERVER_UNAVAILABLE"),
        ("negotiation failure: failureCode = 5", "HYBRID_REQUIRED_BY_SERVER"),
        ("xfreerdp ended with exit code 131", "XF_EXIT_CONN_FAILED"),
    ] {
        assert_eq!(found(text), [expected], "{text}");
    }
}

#[test]
fn pairs_are_found_however_they_are_written() {
    for text in [
        "Error code: 0x904\nExtended error code: 0x7\nTimestamp (UTC): 04/05/24 09:33:19 AM",
        "Error code: 0x904 Extended error code: 0x7 Timestamp (UTC): 04/05/24 09:33:19 AM",
        "he gets 0x904/0x7 since Monday",
        "he gets 2308/7 since Monday",
        "code 0x904, 0x7",
        "error 2308 (extended reason 7)",
        "Error\u{a0}code: 0x904\r\n\r\nExtended\u{a0}error\u{a0}code: 0x7",
    ] {
        assert_eq!(found(text), ["0x904/0x7"], "{text}");
    }
}

#[test]
fn numbers_of_something_else_are_left_alone() {
    for text in [
        "2024-05-16 05:16:04.516 pid 516 srv1:3389 10.0.0.1:2308 v2.11.7 line 904, 131 hosts, 50 %",
        "thread 0x904 flags 0x204 mask=0x7 port 516 {b510551d-1aed-4946-8f7b-9a5e0bcbc904}",
        "[16:05:04:516] [2308:00000904] [INFO][com.x.core] - size 516/904 04/05/24",
        "exit code 131 of a program, exit code 0, status 0, retry 5",
        "commit 0002000dabc, 80090302abcdef, user_516, 516px, srv-2308, 0x7ffd80090302",
        "an address with 0x1234 in it and 0xABCD",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn a_number_that_is_said_to_be_a_code_and_is_none_is_named() {
    assert_eq!(found("Error code: 0x516 on Monday"), ["? 0x516"]);
}

#[test]
fn names_and_numbers_of_one_row_are_one_explanation_with_its_first_place() {
    let text = "first line\n[ERROR][com.freerdp.core] - freerdp_set_last_error_ex ERRCONNECT_TLS_CONNECT_FAILED [0x00020008]\n\
                again ERRCONNECT_TLS_CONNECT_FAILED and 0x20008";
    let all = explain_text(text);
    assert_eq!(found(text), ["FREERDP_ERROR_CONNECT/TLS_CONNECT_FAILED"]);
    let from = all.first().unwrap().from.as_ref().unwrap();
    assert_eq!(from.line, 2);
    assert!(from.text.contains("freerdp_set_last_error_ex ERRCONNECT"), "{from:?}");
    let error_info = "freerdp_set_last_error_ex ERRINFO_CLOSE_STACK_ON_DRIVER_FAILURE [0x00010011]";
    assert_eq!(found(error_info), ["ERRINFO_CLOSE_STACK_ON_DRIVER_FAILURE"]);
}

#[test]
fn pairs_come_first_and_a_half_of_one_is_not_explained_again() {
    let text = "errno STATUS_ACCOUNT_LOCKED_OUT\nevent reason 2308\n0x904/0x7 and 0xC000006D";
    assert_eq!(found(text), ["0x904/0x7", "STATUS_ACCOUNT_LOCKED_OUT", "STATUS_LOGON_FAILURE"]);
}

#[test]
fn a_long_log_gives_what_stands_in_it_and_nothing_else() {
    let noise = |number: usize| {
        format!(
            "2024-05-{:02} {:02}:05:16.{:03} [{}] INFO srv{number}.lab.test (10.0.{}.{}:3389) pid={} tid=0x{:x}: {} octets in {} ms, try {}/5\n",
            number % 28 + 1,
            number % 24,
            number % 1000,
            2000 + number,
            number % 256,
            number % 250,
            1000 + number,
            0x100 + number,
            number * 7,
            number * 3,
            number % 5,
        )
    };
    let mut text: String = (0..2000).map(noise).collect();
    let at = text.match_indices('\n').nth(1200).unwrap().0;
    text.insert_str(at, "\nERROR: code 0x204 (extended 0x0)\nwarning: status 0xC0000234");
    assert_eq!(found(&text), ["0x204/0x0", "STATUS_ACCOUNT_LOCKED_OUT"]);
    let lines: Vec<usize> = explain_text(&text).iter().map(|one| one.from.as_ref().unwrap().line).collect();
    assert_eq!(lines, [1202, 1203]);
}

#[test]
fn in_how_many_pieces_a_text_comes_changes_nothing() {
    let text = "x\n".repeat(40_000)
        + "Error code: 0x904 Extended error\ncode: 0x7\n"
        + &"y ".repeat(40_000)
        + "8009030C";
    let whole = explain_text(&text);
    assert_eq!(whole.len(), 2);
    for size in [1, 7, 4096, 65_535] {
        let mut reader = TextReader::new();
        text.as_bytes().chunks(size).for_each(|piece| reader.read(piece));
        assert_eq!(reader.finish(), whole, "{size}");
    }
}

#[test]
fn lines_that_begin_alike_are_told_apart_by_their_ends() {
    let text = "error:0A000102:SSL routines::unsupported protocol\nerror:0A000438:SSL routines::tlsv1 alert internal error\n\
                140735:error:1409442E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:s3_pkt.c:1536:";
    assert_eq!(
        found(text),
        ["unsupported protocol", "tlsv1 alert internal error", "tlsv1 alert protocol version"]
    );
}

#[test]
fn a_word_is_never_looked_at_in_part() {
    // Wherever the piece ends, that is within the number, or within what it is a part of.
    for before in (PIECE - 12)..=PIECE {
        let text = format!("{} 0x20477777 and 0x9047/0x7 x0x204", "y".repeat(before - 1));
        assert_eq!(found(&text), [""; 0], "{before}");
        let text = format!("{}0x204 0x904", "y".repeat(before - 1));
        assert_eq!(found(&text), ["disconnectReasonAtClientWinsockFDCLOSE"], "{before}");
        let text = format!("{} code 0x204", "y".repeat(before - 1));
        assert_eq!(found(&text), ["disconnectReasonSocketConnectFailed"], "{before}");
    }
    let endless = "z".repeat(3 * PIECE + 5) + "0x204";
    assert_eq!(found(&endless), [""; 0]);
}

#[test]
fn no_more_is_held_than_a_piece() {
    let mut reader = TextReader::new();
    for piece in ["a ", &"b".repeat(10 * PIECE), " c\n", &"d ".repeat(PIECE), &"e".repeat(PIECE)] {
        for part in piece.as_bytes().chunks(1000) {
            reader.read(part);
            assert!(reader.waiting.len() <= PIECE && reader.waiting.capacity() <= 2 * PIECE);
        }
    }
}

#[test]
fn what_has_no_number_comes_behind_what_has_one() {
    let text = "An authentication error has occurred.\nThe function requested is not supported";
    assert_eq!(found(text), ["SEC_E_UNSUPPORTED_FUNCTION", "(an authentication error has occurred)"]);
}
