//! The status code of a response, RFC 9110 section 15.

/// `status-code`: three digits, of any value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a number, of any value")]
pub struct Status(pub u16);

macro_rules! statuses {
    ($($name:ident = $value:literal, $title:literal;)*) => {
        impl Status {
            $(#[doc = concat!($title, ".")] pub const $name: Self = Self($value);)*

            /// The phrase that the specification has for it.
            #[must_use]
            pub const fn title(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($title),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    SWITCHING_PROTOCOLS = 101, "Switching Protocols";
    OK = 200, "OK";
    NO_CONTENT = 204, "No Content";
    MOVED_PERMANENTLY = 301, "Moved Permanently";
    FOUND = 302, "Found";
    NOT_MODIFIED = 304, "Not Modified";
    TEMPORARY_REDIRECT = 307, "Temporary Redirect";
    BAD_REQUEST = 400, "Bad Request";
    UNAUTHORIZED = 401, "Unauthorized";
    FORBIDDEN = 403, "Forbidden";
    NOT_FOUND = 404, "Not Found";
    METHOD_NOT_ALLOWED = 405, "Method Not Allowed";
    PROXY_AUTHENTICATION_REQUIRED = 407, "Proxy Authentication Required";
    GONE = 410, "Gone";
    CONTENT_TOO_LARGE = 413, "Content Too Large";
    TOO_MANY_REQUESTS = 429, "Too Many Requests";
    HEADER_FIELDS_TOO_LARGE = 431, "Request Header Fields Too Large";
    INTERNAL_SERVER_ERROR = 500, "Internal Server Error";
    NOT_IMPLEMENTED = 501, "Not Implemented";
    BAD_GATEWAY = 502, "Bad Gateway";
    SERVICE_UNAVAILABLE = 503, "Service Unavailable";
    GATEWAY_TIMEOUT = 504, "Gateway Timeout";
}

impl Status {
    /// Whether another response to the same request follows, or another protocol: 1xx.
    #[must_use]
    pub const fn is_informational(self) -> bool {
        self.0 / 100 == 1
    }

    /// Whether the request was taken: 2xx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 / 100 == 2
    }

    /// Whether what was asked for is said to be elsewhere: 3xx.
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        self.0 / 100 == 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_has_a_title_where_it_has_a_name_and_a_class_always() {
        assert_eq!(Status::UNAUTHORIZED.title(), Some("Unauthorized"));
        assert_eq!(Status(299).title(), None);
        let classes =
            |status: Status| (status.is_informational(), status.is_success(), status.is_redirection());
        assert_eq!(classes(Status::SWITCHING_PROTOCOLS), (true, false, false));
        assert_eq!(classes(Status(299)), (false, true, false));
        assert_eq!(classes(Status::FOUND), (false, false, true));
        assert_eq!(classes(Status(0)), (false, false, false));
        assert_eq!(classes(Status(999)), (false, false, false));
    }
}
