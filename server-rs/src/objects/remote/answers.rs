//! The XML of S3 and OSS that is read and written here.

use quick_xml::de::from_str;
use serde::Deserialize;

use crate::objects::direct::Part;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InitiateMultipartUploadResult {
    upload_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListPartsResult {
    #[serde(default)]
    is_truncated: bool,
    next_part_number_marker: Option<String>,
    #[serde(default)]
    part: Vec<ListedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPart {
    part_number: u32,
    size: u64,
    /// Some stores leave it out, and then do not ask for it either.
    #[serde(rename = "ETag", default)]
    etag: String,
}

/// The id of an upload that was just begun.
pub fn upload_id(xml: &str) -> Option<String> {
    from_str::<InitiateMultipartUploadResult>(xml).ok().map(|answer| answer.upload_id).filter(|id| !id.is_empty())
}

/// One page of parts, and where the next begins.
pub fn parts(xml: &str) -> Option<(Vec<Part>, Option<String>)> {
    let answer = from_str::<ListPartsResult>(xml).ok()?;
    let part = |part: ListedPart| Part { number: part.part_number, byte_size: part.size, etag: part.etag };
    let next = answer.next_part_number_marker.filter(|_| answer.is_truncated);
    Some((answer.part.into_iter().map(part).collect(), next))
}

/// What ends an upload in parts.
pub fn completion(parts: &[Part]) -> String {
    let part = |part: &Part| {
        let etag = match quick_xml::escape::escape(&part.etag) {
            etag if etag.is_empty() => String::new(),
            etag => format!("<ETag>{etag}</ETag>"),
        };
        format!("<Part><PartNumber>{}</PartNumber>{etag}</Part>", part.number)
    };
    let parts: String = parts.iter().map(part).collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}

/// Whether an answer with status 200 says that putting the parts together failed, as S3 can.
pub fn is_error(xml: &str) -> bool {
    xml.contains("<Error>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_parts_are_read() {
        let page = "<?xml version=\"1.0\"?><ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Bucket>b</Bucket><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>\
            <Part><PartNumber>1</PartNumber><Size>5</Size><ETag>\"a\"</ETag></Part>\
            <Part><PartNumber>2</PartNumber><Size>6</Size><ETag>&quot;b&quot;</ETag></Part></ListPartsResult>";
        let (parts, next) = parts(page).unwrap();
        assert_eq!(next.as_deref(), Some("2"));
        assert_eq!((parts[0].number, parts[0].byte_size, parts[0].etag.as_str()), (1, 5, "\"a\""));
        assert_eq!(parts[1].etag, "\"b\"");
        let empty = "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>";
        assert_eq!(super::parts(empty), Some((Vec::new(), None)));
        assert_eq!(super::parts("<html>"), None);
    }

    #[test]
    fn an_upload_id_is_read() {
        let answer =
            "<InitiateMultipartUploadResult><Key>k</Key><UploadId>abc</UploadId></InitiateMultipartUploadResult>";
        assert_eq!(upload_id(answer).as_deref(), Some("abc"));
        assert_eq!(upload_id("<Error/>"), None);
    }

    #[test]
    fn tags_are_escaped() {
        let part = Part { number: 1, byte_size: 1, etag: "\"<a>\"".to_owned() };
        let xml = completion(&[part]);
        assert!(xml.contains("<ETag>&quot;&lt;a&gt;&quot;</ETag>"), "{xml}");
    }
}
