//! What gateways and proxies are known to say before there is a channel, for generators.

/// What answers a request over HTTP, whole and well-formed.
pub const HTTP_MESSAGES: &[&[u8]] = &[
    // Challenges, in several fields and in one.
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html; charset=us-ascii\r\nServer: Microsoft-HTTPAPI/2.0\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\nContent-Length: 4\r\n\r\n<a/>",
    b"HTTP/1.1 401 \r\nwww-authenticate: Negotiate, Basic realm=\"a, \\\"b\", charset=UTF-8, NTLM TlRMTVNTUAAC==\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 407 Proxy Authentication Required\r\nVia: 1.1 squid\r\nProxy-Authenticate: Basic realm=x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nno!\r\n0\r\nTrailer: t\r\n\r\n",
    // The second message of a logon by NTLM.
    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAABgAGADgAAAA1goniEREREREREREAAAAAAAAAACgAKAA+AAAACgB8TwAAAA9MAEEAQgACAAYATABBAEIAAwAWAGcAdwAuAGwAYQBiAC4AdABlAHMAdAAAAAAA\r\nContent-Length: 0\r\n\r\n",
    // What opens a tunnel: over WebSocket, over two channels, through a proxy.
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n\xAB\xCD\xAB\xCD\xAB\xCD\xAB\xCD\xAB\xCD\r\n",
    b"HTTP/1.0 200 Connection established\r\n\r\n",
    // What answers for somebody else.
    b"HTTP/1.1 302 Found\r\nLocation: /RDWeb\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0, 0\r\n\r\n",
    b"HTTP/1.1 503 RPC Error: 6ba\nContent-Length: 3\n\nno!",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-Folded : a\r\n\tb\r\nTransfer-Encoding: gzip,\r\n Chunked\r\n\r\n0\r\n\r\n",
];

/// Packets of a tunnel, from either side, whole and well-formed.
pub const TSGU_MESSAGES: &[&[u8]] = &[
    // From a gateway: handshake, a message of NTLM, tunnel, with consent, refused, authorised.
    &[2, 0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0],
    &[3, 0, 0, 0, 0x0E, 0, 0, 0, 0x0C, 3, 9, 0x80, 0, 0],
    &[5, 0, 0, 0, 0x1A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, 0x3F, 0, 0, 0],
    &[5, 0, 0, 0, 0x1A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 6, 0, 0x48, 0, 0x69, 0, 0, 0],
    &[5, 0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0xF8, 0x59, 7, 0x80, 0, 0, 0, 0],
    TUNNEL_WITH_NONCE,
    &[7, 0, 0, 0, 0x18, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x0F, 0, 0, 0],
    &[7, 0, 0, 0, 0x14, 0, 0, 0, 0xED, 0x59, 7, 0x80, 4, 0, 0, 0, 2, 0, 0xAA, 0xBB],
    // A channel, with a cookie for UDP, refused.
    &[9, 0, 0, 0, 0x1A, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0x3F, 0x0D, 2, 0, 0xDE, 0xAD],
    &[9, 0, 0, 0, 0x10, 0, 0, 0, 0xDD, 0x59, 7, 0x80, 1, 0, 0, 0],
    // Said at any time.
    &[0x0A, 0, 0, 0, 0x0C, 0, 0, 0, 2, 0, 0xAB, 0xCD],
    &[0x0B, 0, 0, 0, 0x10, 0, 0, 0, 6, 0, 0x4F, 0, 0x4B, 0, 0, 0],
    &[0x0C, 0, 0, 0, 0x10, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0],
    &[0x0D, 0, 0, 0, 8, 0, 0, 0],
    &[0x10, 0, 0, 0, 0x0C, 0, 0, 0, 0xA0, 0, 0, 0],
    &[0x11, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0],
    // From a client: handshake, tunnel with a context and a token, authorisation, two names of a target.
    &[1, 0, 0, 0, 0x0E, 0, 0, 0, 1, 0, 0, 0, 2, 0],
    &[4, 0, 0, 0, 0x1E, 0, 0, 0, 0x0E, 0, 0, 0, 3, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 4, 0, 0x74, 0, 0, 0],
    &[4, 0, 0, 0, 0x16, 0, 0, 0, 0x0E, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0x74, 0, 0, 0],
    &[6, 0, 0, 0, 0x14, 0, 0, 0, 1, 0, 4, 0, 0x50, 0, 0, 0, 2, 0, 0xDE, 0xAD],
    &[8, 0, 0, 0, 0x1C, 0, 0, 0, 1, 1, 0x3D, 0x0D, 3, 0, 4, 0, 0x73, 0, 0, 0, 6, 0, 0x74, 0, 0x75, 0, 0, 0],
    // Of a type that nobody knows.
    &[0x0E, 0, 0, 0, 0x0A, 0, 0, 0, 1, 2],
];

/// HTTP_TUNNEL_RESPONSE that asks for a statement of health: a nonce of 16 octets, a certificate, a text.
const TUNNEL_WITH_NONCE: &[u8] = &[
    5, 0, 0, 0, 0x2E, 0, 0, 0, // header: 46
    0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, // serverVersion, statusCode, fieldsPresent, reserved
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, // nonce
    4, 0, 0x63, 0, 0, 0, // serverCert
    4, 0, 0x48, 0, 0, 0, // consentMsg
];

/// Frames of a WebSocket, as its server sends them.
pub const WEBSOCKET_MESSAGES: &[&[u8]] = &[
    // A message of octets, one in pieces with a Ping between them, an empty one, one of text.
    b"\x82\x05first",
    b"\x02\x02in\x89\x02hi\x00\x00\x80\x06pieces",
    b"\x82\x00\x82\x01x",
    b"\x81\x04text\x82\x01x",
    // Lengths in two octets and in eight.
    b"\x82\x7E\x00\x03abc\x82\x7F\x00\x00\x00\x00\x00\x00\x00\x03def",
    // Close: with a status and a reason, without, and with half of one.
    b"\x82\x04last\x88\x05\x03\xE9bye\x82\x06behind",
    b"\x88\x00",
    b"\x88\x01\x03",
    // Ping, Pong.
    b"\x89\x00\x8A\x03abc",
    // What is none of a server's: masked, a reserved bit, unknown, a continuation of nothing, a message within a message, a Ping in
    // pieces, a long Ping, and more than anybody needs.
    b"\x82\x81\x01\x02\x03\x04\x05",
    b"\xC2\x01x",
    b"\x83\x01x",
    b"\x80\x01x",
    b"\x02\x01x\x82\x01y",
    b"\x09\x01x",
    b"\x89\x7E\x00\x7Ex",
    b"\x82\x7F\x00\x00\x00\x00\x00\x02\x00\x01x",
];
