//! Content types are told from the first bytes; what the client declares is only compared with that.

use super::staging::UploadError;

/// Bytes from the beginning that are enough to recognise every supported type.
pub const HEAD_BYTES: usize = 8 * 1024;

/// What browsers and tools send when they do not know a type.
const UNDECLARED: &str = "application/octet-stream";

/// Names in use for one type, each with the name that recognition gives.
const ALIASES: [(&str, &str); 7] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/wav", "audio/x-wav"),
    ("audio/wave", "audio/x-wav"),
    ("audio/vnd.wave", "audio/x-wav"),
    ("audio/flac", "audio/x-flac"),
];

/// Whether objects of this type can be told by their content.
pub fn is_recognisable(content_type: &str) -> bool {
    infer::is_mime_supported(content_type)
}

/// The type of content that begins with `head`, if it shows one.
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    infer::get(head).map(|kind| kind.mime_type())
}

/// A declared type as recognition names it: without parameters, in lower case, and by one name.
pub fn canonical(declared: &str) -> String {
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    ALIASES.iter().find(|(alias, _)| *alias == essence).map_or(essence, |(_, name)| (*name).to_owned())
}

/// The type of content that begins with `head`, if it is one of `allowed` and the declared type agrees.
///
/// `declared` is the part's `Content-Type`; parameters are ignored, and a missing or unspecific one agrees with
/// every content.
pub fn check(head: &[u8], declared: Option<&str>, allowed: &[String]) -> Result<&'static str, UploadError> {
    let found = recognise(head);
    let Some(found) = found.filter(|found| allowed.iter().any(|allowed| allowed == found)) else {
        return Err(UploadError::TypeNotAllowed { found, allowed: allowed.join(", ") });
    };
    let declared = declared.map(canonical).filter(|declared| declared != UNDECLARED);
    match declared {
        Some(declared) if declared != found => Err(UploadError::TypeMismatch { declared, found }),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";

    #[track_caller]
    fn outcome(head: &[u8], declared: Option<&str>) -> String {
        let allowed = ["image/png".to_owned(), "image/jpeg".to_owned()];
        match check(head, declared, &allowed) {
            Ok(found) => found.to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_content_decides_and_the_declaration_must_agree() {
        assert_eq!(outcome(PNG, None), "image/png");
        assert_eq!(outcome(PNG, Some("application/octet-stream")), "image/png");
        assert_eq!(outcome(JPEG, Some("IMAGE/JPG; quality=1")), "image/jpeg");
        assert_eq!(outcome(PNG, Some("image/jpeg")), "the content is image/png, not image/jpeg as declared");
    }

    #[test]
    fn what_is_unknown_or_not_listed_is_refused() {
        let refusal = "the content is of no allowed type; allowed are image/png, image/jpeg";
        assert_eq!(outcome(b"plain words", Some("image/png")), refusal);
        assert_eq!(outcome(b"", None), refusal);
        assert_eq!(
            outcome(b"GIF89a\x01\0", Some("image/gif")),
            "the content is image/gif, which is not allowed; allowed are image/png, image/jpeg"
        );
    }
}
