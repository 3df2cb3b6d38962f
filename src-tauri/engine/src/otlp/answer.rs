//! What a sender of spans is answered, in the encoding it used: `ExportTraceServiceResponse`, or `google.rpc.Status`.

use serde_json::json;

use super::wire::Message;

/// How a request is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// By the `Content-Type`; None: another.
    pub fn of(content_type: &str) -> Option<Encoding> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case(Encoding::Protobuf.content_type()) {
            return Some(Encoding::Protobuf);
        }
        kind.eq_ignore_ascii_case(Encoding::Json.content_type()).then_some(Encoding::Json)
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        }
    }

    /// All was taken, or all but `refused`, for the reason in `words`. Words without a refusal are a hint.
    pub fn taken(self, refused: u64, words: &str) -> Vec<u8> {
        let is_whole = refused == 0 && words.is_empty();
        match self {
            Encoding::Protobuf if is_whole => Vec::new(),
            Encoding::Json if is_whole => b"{}".to_vec(),
            Encoding::Protobuf => {
                let mut response = Message::default();
                response.message(1, |partial| {
                    partial.varint(1, refused);
                    partial.bytes(2, words.as_bytes());
                });
                response.into_bytes()
            }
            // 64-bit numbers are texts in protobuf's JSON.
            Encoding::Json => {
                let partial = json!({ "rejectedSpans": refused.to_string(), "errorMessage": words });
                json!({ "partialSuccess": partial }).to_string().into_bytes()
            }
        }
    }

    /// Nothing was taken.
    pub fn refused(self, code: Code, message: &str) -> Vec<u8> {
        match self {
            Encoding::Protobuf => {
                let mut status = Message::default();
                status.varint(1, code as u64);
                status.bytes(2, message.as_bytes());
                status.into_bytes()
            }
            Encoding::Json => json!({ "code": code as u64, "message": message }).to_string().into_bytes(),
        }
    }
}

/// Of `google.rpc.Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

impl Code {
    pub fn of_http(status: u16) -> Code {
        match status {
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            413 | 429 => Code::ResourceExhausted,
            415 => Code::Unimplemented,
            503 => Code::Unavailable,
            500.. => Code::Internal,
            _ => Code::InvalidArgument,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_told_apart() {
        assert_eq!(Encoding::of("application/x-protobuf"), Some(Encoding::Protobuf));
        assert_eq!(Encoding::of("Application/JSON; charset=utf-8"), Some(Encoding::Json));
        assert_eq!(Encoding::of("text/plain"), None);
        assert_eq!(Encoding::of(""), None);
    }

    #[test]
    fn answers_are_the_protocols() {
        assert_eq!(Encoding::Protobuf.taken(0, ""), b"");
        assert_eq!(Encoding::Protobuf.taken(3, "no"), [0x0a, 6, 0x08, 3, 0x12, 2, b'n', b'o']);
        assert_eq!(Encoding::Json.taken(0, ""), b"{}");
        let json: serde_json::Value = serde_json::from_slice(&Encoding::Json.taken(3, "no")).unwrap();
        assert_eq!(json, json!({ "partialSuccess": { "rejectedSpans": "3", "errorMessage": "no" } }));
        assert_eq!(Encoding::Protobuf.refused(Code::InvalidArgument, "x"), [0x08, 3, 0x12, 1, b'x']);
    }
}
